"""The name of every event that is logged. Names are stable: alarms are built on them."""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """``part.what_happened``, past tense."""

    DELIVERY_STARTED = "delivery.started"
    DELIVERY_STOPPED = "delivery.stopped"
    DELIVERY_ABANDONED = "delivery.abandoned"
    DELIVERY_FAILED = "delivery.failed"
    """A graceful stop ran out of time; the calls under way are looked up by the next run."""
    PARTNER_HELD = "delivery.partner_held"
    """A partner is left alone until the time told: it asked for that, gives no sign of life, or refuses the account."""
    PARTNER_SLOWED = "delivery.partner_slowed"
    """A partner says that it has too much to do, or answers ever later: it gets fewer calls for a while."""
    STORE_LOST = "delivery.store_lost"
    """The database cannot be reached; nothing is lost, the engine goes on as soon as it is back."""
    CONNECTOR_FAULT = "delivery.connector_fault"
    """A connector broke its promise not to raise; a bug to report."""

    FILE_UNAVAILABLE = "service.file_unavailable"
    """A file behind a signed link could not be fetched from where the ledger says that it lies."""

    NOTICE_POSTPONED = "notice.postponed"
    """A partner's notice could not be processed; it is stored, and tried again."""
    NOTICE_PARKED = "notice.parked"
    """A partner's notice failed so often that it is left to a person."""
    NOTICE_CONFLICT = "notice.conflict"
    """A partner repeated an id with another content; refused and recorded."""
    NOTICE_TURNED_AWAY = "notice.turned_away"
    """Calls in a partner's name were refused before they were read: forged, or too many from one source."""

    RETENTION_DONE = "retention.done"
    RETENTION_POSTPONED = "retention.postponed"
    """The database could not be reached; what is too old is deleted the next time."""

    LISTENER_LOST = "store.listener_lost"
    """The wake-up connection to PostgreSQL broke; it is made anew, and engines look from time to time meanwhile."""

    IMPORT_STARTED = "import.started"
    IMPORT_PROGRESS = "import.progress"
    IMPORT_FINISHED = "import.finished"
    IMPORT_REFUSED = "import.refused"
    """A file that was sent to the service cannot be read as a whole; its job says why."""
    IMPORT_LOST = "import.lost"
    """Nobody has been heard of who has the file of this import: its job has failed, and says so to who asks."""
    IMPORT_HANGS = "import.hangs"
    """The thread that imports has done nothing for long: whoever else has its files may import them."""
    IMPORT_POSTPONED = "import.postponed"
    """The folder of uploads or the database cannot be used now; the jobs wait."""

    SYNC_STARTED = "sync.started"
    SYNC_PROGRESS = "sync.progress"
    SYNC_UNSERVED = "sync.unserved"
    """Messages wait for a partner that is no longer configured; they stay until it is, or a person decides."""
    SYNC_STOPPING = "sync.stopping"
    SYNC_STOPPED = "sync.stopped"

    SERVICE_STARTED = "service.started"
    SERVICE_STOPPED = "service.stopped"
    DESCRIPTORS_SHORT = "service.descriptors_short"
    """The machine allows fewer open files than the settings want: fewer connections are let in."""
    ISSUER_UNREACHABLE = "service.issuer_unreachable"
    """The keys of the tokens' issuer could not be read; those that are known go on to count."""
    CONFIGURATION_DOUBTFUL = "configuration.doubtful"
    """A partner is to be told of a source that nobody is: most likely a misspelt name."""
    CONFIGURATION_RELOADED = "configuration.reloaded"
    """SIGHUP: the file's settings hold from now on, but for the sections told, which wait for the next start."""
    CONFIGURATION_REFUSED = "configuration.refused"
    """SIGHUP: the file has the mistakes told; nothing has changed."""

    REQUEST_FAILED = "service.request_failed"
    """A request ended with a fault of ours; the caller was told to try again, or that it is our fault."""

    REQUEST_ANSWERED = "service.request_answered"
    """One request, by its route: at level debug, refused ones info, faults of ours warning."""

    MESSAGE_CARRIED = "delivery.message_carried"
    """What became of one message, under the id of the request that brought it; at level debug."""

    TRACING_UNAVAILABLE = "tracing.unavailable"
    """The environment asks for traces, and the packages for them are not installed."""

    THREAD_FAILED = "command.thread_failed"
    """A thread or task of a command that runs on ended with an unexpected error, told by its places, without values."""
    COMMAND_FAILED = "command.failed"
    """An unexpected error, with its traceback and without its local values."""
