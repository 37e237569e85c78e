"""Workers without a service are watched as well: ``lienthong sync --metrics``."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import httpx

from tests.running import CONFIGURATION, start


def configure(folder: Path) -> None:
    text = CONFIGURATION.format(unit="H99", stop_s=5.0, url="http://127.0.0.1:9", mapping="none.toml")
    (folder / "lienthong.toml").write_text(text, "utf-8")


def test_workers_tell_how_they_are(tmp_path: Path) -> None:
    """
    A worker on a free port tells its metrics and that it is ready, sees itself in the roster, and ends well.
    """
    configure(tmp_path)
    process = start(tmp_path, "sync", "--metrics", "127.0.0.1:0", stderr=subprocess.PIPE)
    with process, httpx.Client(trust_env=False, timeout=10.0) as client:
        try:
            assert process.stderr is not None
            url = next(found[1] for line in process.stderr if (found := re.search(r"(http://\S+)/metrics", line)))
            metrics = client.get(f"{url}/metrics")
            ready = client.get(f"{url}/health/ready")
        finally:
            process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(30) == 0

    assert 'lienthong_build_info{database="sqlite"' in metrics.text
    assert 'lienthong_workers{partner="cong"}' in metrics.text
    assert ready.status_code == 200
