"""
The province's one-stop system as a partner: it is told what others tell the gateway.

By the option ``kind``: a signed webhook, a row in a table of the province's own database, or a pull API that the
one-stop system reads by itself.
"""
