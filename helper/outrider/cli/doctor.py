"""`outrider doctor`: everything that can be wrong, each with its fix."""

import click

from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, out
from outrider.rules.health_checks import Check

EXAMPLES = """\b
Examples:
  outrider doctor
  outrider doctor --live
  outrider doctor --repair"""


@click.command(epilog=EXAMPLES)
@click.option("--live", is_flag=True, help="Ask each provider for its list, and one tiny question (under a cent each).")
@click.option("--repair", is_flag=True, help="Mend modes and leftovers; set a damaged ledger aside (deletes nothing).")
@plain_options
def doctor(*, live: bool, repair: bool, as_json: bool, quiet: bool) -> int:
    """Find what is wrong, each with its fix; exit 1 where something is broken.

    `warn` works and may surprise; `fail` does not work. With --quiet only what is not well is printed.
    """
    from outrider.cli.checkup import every_check

    session = Session()
    checks: list[Check] = []
    for check in every_check(session, repair=repair):
        checks.append(check)
        _print(check, as_json=as_json, quiet=quiet)
    if live:
        from outrider.cli.checkup_live import every_answer

        for check in every_answer(session):
            checks.append(check)
            _print(check, as_json=as_json, quiet=quiet)
    failed = sum(check.mark == "fail" for check in checks)
    warned = sum(check.mark == "warn" for check in checks)
    if as_json:
        dump({
            "ok": not failed, "failed": failed, "warned": warned,
            "checks": [{"name": check.name, "mark": check.mark, "message": check.message, "fix": check.fix or None}
                       for check in checks],
        })  # fmt: skip
    elif not quiet:
        out(f"{failed} broken, {warned} to know" if failed or warned else "all is well")
    return 1 if failed else 0


def _print(check: Check, *, as_json: bool, quiet: bool) -> None:
    if as_json or (quiet and check.mark == "ok"):
        return
    out(f"{check.mark.ljust(4)}  {check.name}: {check.message}")
    if check.fix:
        out(f"      fix: {check.fix}")
