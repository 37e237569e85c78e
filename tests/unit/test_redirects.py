"""Where a redirect of a partner may lead."""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.redirects import onward

BASE = "https://adapter.invalid/XrdAdapter/forward"
ASKED = f"{BASE}/mapi/login?dstcode=X"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("v2/login", "/XrdAdapter/forward/mapi/v2/login"),
        ("/XrdAdapter/forward/khac?a=1#doan", "/XrdAdapter/forward/khac?a=1"),
        ("https://adapter.invalid:443/XrdAdapter/forward/x", "/XrdAdapter/forward/x"),
        ("HTTPS://Adapter.Invalid/XrdAdapter/forward/x", "/XrdAdapter/forward/x"),
        ("../share", "/XrdAdapter/forward/share"),
        ("https://ai:gi@adapter.invalid/XrdAdapter/forward/x", "/XrdAdapter/forward/x"),
        ("", None),
        (ASKED, None),
        ("/XrdAdapter/forwarded", None),
        ("/XrdAdapter/forward", None),
        ("../../../khac", None),
        ("/XrdAdapter/forward/%2e%2E/khac", None),
        ("/XrdAdapter/forward/%252e%252e/khac", None),
        ("/XrdAdapter/forward/%25252e%25252e/khac", None),
        ("/XrdAdapter/forward/..%5ckhac", None),
        ("/XrdAdapter/forward\\khac", None),
        ("//khac.invalid/XrdAdapter/forward/x", None),
        ("https://adapter.invalid.khac.invalid/XrdAdapter/forward/x", None),
        ("https://adapter.invalid@khac.invalid/XrdAdapter/forward/x", None),
        ("https://adapter.invalid:8443/XrdAdapter/forward/x", None),
        ("http://adapter.invalid/XrdAdapter/forward/x", None),
        ("http://adapter.invalid:443/XrdAdapter/forward/x", None),
        ("https://adapter.invalid:x/XrdAdapter/forward/x", None),
        ("https://[adapter/x", None),
        ("javascript:x", None),
    ],
)
def test_a_redirect_stays_below_the_base_address(location: str, target: str | None) -> None:
    """
    Scheme, host, port and the beginning of the path, however the rest is written.
    """
    assert onward(BASE, ASKED, location) == target


PARTS = st.sampled_from(
    ["/", "//", "..", "%2e", "%2F", "%5c", "\\", "@", ":", "?", "#", "https:", "http:", "adapter.invalid",
     "khac.invalid", "XrdAdapter", "forward", "a", ".", ";", "443", "[", "]", "\t"]
)  # fmt: skip


@given(st.lists(PARTS, max_size=8).map("".join))
def test_no_spelling_leads_out(location: str) -> None:
    """
    Whatever a partner says: what is asked next lies below the base address, also once unquoted and resolved.
    """
    target = onward(BASE, ASKED, location)

    if target is not None:
        path = urlsplit(urljoin("https://adapter.invalid/", unquote(target.partition("?")[0]))).path
        assert path.startswith("/XrdAdapter/forward/")
