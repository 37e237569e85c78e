"""Orders to running workers: pause, resume, limits, maintenance, retention, and what was ordered so far."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from gateway.cli import output
from gateway.cli.shell import DEFAULT_CONFIG, ConfigOption, JsonOption, gateway_at
from gateway.config.base import YEAR_S
from gateway.delivery import configured
from gateway.model import Subject, subject_of
from gateway.model.times import VIETNAM
from gateway.policy import Control, Limits, RateLimit

PartnerArgument = Annotated[str, typer.Argument(metavar="ĐỐI-TÁC", help="Tên trong cấu hình. / Its configured name.")]
DossierOption = Annotated[
    str | None, typer.Option("--dossier", metavar="MÃ", help="Chỉ một hồ sơ. / One dossier only.")
]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="LÝ-DO", help="Vì sao; được ghi lại. / Why; is kept.")]


def pause(
    partner: PartnerArgument, reason: ReasonOption, dossier: DossierOption = None, config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """
    Tạm ngừng gửi cho một đối tác hoặc một hồ sơ. / Stop sending to a partner, or of one dossier.

    Ví dụ / Example:

      [cyan]lienthong pause cong-dvcqg --reason "Đối tác yêu cầu"[/]
    """
    with gateway_at(config, offline=True) as gateway:
        gateway.operations.pause(partner, dossier=_code(dossier), reason=reason)
    output.say(f"Đã tạm ngừng «{dossier or partner}». / Paused.")


def resume(
    partner: PartnerArgument,
    reason: ReasonOption = "",
    dossier: DossierOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """
    Gửi tiếp sau khi tạm ngừng. / Go on after a pause.

    Ví dụ / Example:

      [cyan]lienthong resume cong-dvcqg[/]
    """
    with gateway_at(config, offline=True) as gateway:
        gateway.operations.resume(partner, dossier=_code(dossier), reason=reason)
    output.say(f"Gửi tiếp cho «{dossier or partner}». / Resumed.")


def limits(
    partner: PartnerArgument,
    rate: Annotated[int | None, typer.Option(help="Số cuộc gọi … / Calls …")] = None,
    per_s: Annotated[
        float | None,
        typer.Option(help="… trong chừng này giây, mặc định 1. / … in so many seconds, 1 by default."),
    ] = None,
    burst: Annotated[
        int | None, typer.Option(help="Được dồn cùng lúc, mặc định 1. / May come at once, 1 by default.")
    ] = None,
    in_flight: Annotated[int | None, typer.Option(help="Số cuộc gọi cùng lúc. / Calls at a time.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Về lại cấu hình. / Back to the configuration.")] = False,
    reason: ReasonOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """
    Xem hoặc đổi giới hạn của đối tác khi đang chạy. / Show or change a partner's limits while workers run.

    Ví dụ / Examples:

      [cyan]lienthong limits cong-dvcqg[/]

      [cyan]lienthong limits cong-dvcqg --rate 20 --burst 5 --in-flight 8[/]

      [cyan]lienthong limits cong-dvcqg --reset[/]
    """
    if rate is None and (per_s is not None or burst is not None):
        raise typer.BadParameter("--per-s, --burst cần --rate / --per-s and --burst belong to --rate")
    per = _period(1 if per_s is None else per_s)
    if reset and (rate is not None or in_flight is not None):
        raise typer.BadParameter("--reset không đi với giới hạn mới / --reset takes no new limits")
    with gateway_at(config, offline=True) as gateway:
        if reset:
            gateway.operations.reset_limits(partner, reason)
        elif rate is not None or in_flight is not None:
            wanted = None if rate is None else RateLimit(rate, per, 1 if burst is None else burst)
            gateway.operations.set_limits(partner, rate=wanted, in_flight=in_flight, reason=reason)
        orders = gateway.operations.limits(partner)
        said = gateway.settings.partners[partner]
        effective = orders.limits(configured.limits_of(said))
    shown = effective.rate
    if json:
        output.print_json({"partner": partner, "effective": _document(effective), "ordered": _document(orders)})
        return
    output.table(
        ["Giới hạn / Limit", "Đang dùng / In force"],
        [
            ["rate", "–" if shown is None else f"{shown.calls} / {shown.per.total_seconds():g} s, burst {shown.burst}"],
            ["in_flight", str(effective.in_flight or "–")],
            ["batch", ", ".join(f"{name} {size}" for name, size in effective.batch.items()) or "–"],
        ],
    )


def maintenance(
    partner: PartnerArgument,
    begin: Annotated[datetime | None, typer.Option("--from", help="Bắt đầu, giờ Việt Nam. / Begin.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", help="Kết thúc. / End.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Bỏ các lịch đã báo. / Forget what was announced.")] = False,
    reason: ReasonOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """
    Xem hoặc báo trước lịch bảo trì của đối tác. / Show or announce a partner's maintenance.

    Ví dụ / Example:

      [cyan]lienthong maintenance cong-dvcqg --from 2026-12-05T22:00:00 --to 2026-12-06T04:00:00 --reason "Nâng cấp"[/]
    """
    if (begin is None) != (end is None):
        raise typer.BadParameter("cần cả --from và --to / --from and --to go together")
    with gateway_at(config, offline=True) as gateway:
        if remove:
            gateway.operations.withdraw(partner, reason)
        elif begin is not None and end is not None:
            gateway.operations.announce(partner, begin.replace(tzinfo=VIETNAM), end.replace(tzinfo=VIETNAM), reason)
        windows = gateway.operations.limits(partner).windows
    if json:
        output.print_json({"partner": partner, "windows": windows})
        return
    output.table(
        ["Từ / From", "Đến / To", "Lý do / Reason"],
        [[output.local(window.begin), output.local(window.end), window.reason] for window in windows],
    )


def workers(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """
    Ai đang gửi, ở máy nào, phiên bản nào. / Who delivers, on which machine, of which release.

    Ví dụ / Example:

      [cyan]lienthong workers[/]
    """
    with gateway_at(config, offline=True) as gateway:
        found = gateway.operations.workers()
    if json:
        output.print_json({"workers": found})
        return
    output.table(
        ["Nơi", "Đối tác", "Phiên bản", "Từ lúc", "Thấy lúc", "Đang giữ", ""],
        [
            [
                worker.place,
                worker.partner,
                worker.release,
                output.local(worker.started_at),
                output.local(worker.seen_at),
                output.number(worker.lanes),
                "đang rút / draining" if worker.draining else "",
            ]
            for worker in found
        ],
        numbers=frozenset({5}),
    )


def drain(
    place: Annotated[str, typer.Argument(metavar="[NƠI]", help="Như «workers» in ra. / As «workers» shows it.")] = "",
    reason: ReasonOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """
    Cho tiến trình gửi nốt việc đang giữ rồi dừng; không nêu nơi: tất cả. / Let workers finish and end; all by default.

    Ví dụ / Example:

      [cyan]lienthong drain may-1:4711 --reason "Nâng cấp"[/]
    """
    with gateway_at(config, offline=True) as gateway:
        asked = gateway.operations.drain(place, reason)
    if json:
        output.print_json({"asked": asked})
    else:
        output.say(f"Đã yêu cầu {len(asked)} tiến trình dừng êm. / Asked {len(asked)} workers to end.")


def audit(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """
    Ai đã làm gì với hộp thư đi, và vì sao. / Who did what to the outbox, and why.

    Ví dụ / Example:

      [cyan]lienthong audit --json[/]
    """
    with gateway_at(config, offline=True) as gateway:
        entries, broken = gateway.operations.audit(), gateway.operations.store.broken_audit()
    if json:
        output.print_json({"entries": entries, "broken_at": broken})
        return
    output.table(
        ["Số", "Lúc", "Ai", "Việc", "Đối tượng", "Lý do"],
        [
            [str(entry.n), output.local(entry.at), entry.actor, entry.action, entry.subject, entry.reason]
            for entry in entries
        ],
        numbers=frozenset({0}),
    )
    if broken is not None:
        output.say(f"Nhật ký bị sửa từ mục {broken}. / The audit was touched at entry {broken}.")


def retention(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """
    Xóa dữ liệu quá hạn lưu, từng ít một; sổ cái luôn được giữ. / Delete what is past its time; the ledger stays.

    Ví dụ / Example:

      [cyan]lienthong retention[/]    hằng đêm / every night
    """
    with gateway_at(config, offline=True) as gateway:
        gone = gateway.operations.clear(configured.retention(gateway.settings.retention))
    if json:
        output.print_json({"deleted": gone})
        return
    output.table(["Loại / Class", "Đã xóa / Deleted"], [[kind, output.number(count)] for kind, count in gone.items()])


def _period(seconds: float) -> timedelta:
    if not 0 < seconds <= YEAR_S:
        raise typer.BadParameter(f"--per-s: từ 0 đến {YEAR_S:g} giây / above 0, at most {YEAR_S:g} seconds")
    return timedelta(seconds=seconds)


def _document(limits: Limits | Control) -> dict[str, object]:
    rate = limits.rate
    said = None if rate is None else {"calls": rate.calls, "per_s": rate.per.total_seconds(), "burst": rate.burst}
    return {"rate": said, "in_flight": limits.in_flight, "batch": dict(limits.batch)}


def _code(text: str | None) -> Subject | None:
    return None if text is None else subject_of(text)
