"""`outrider batch --engine ray`: the same documents, asked by workers of a Ray cluster; the book stays here.

What must not leave this machine is asked here all the same: documents that are private by where they come from, and
those in which a key of the user's stands.
"""

import os

from outrider.cli.batch_asking import Asker, Prepared
from outrider.cli.batch_job import Job
from outrider.doors.batch_journal import Batch
from outrider.engine import Ended, World
from outrider.errors import OutriderError, Refused
from outrider.jobs import ray
from outrider.jobs.ray import Crew
from outrider.jobs.ray_member import Work
from outrider.rules.outgoing import leaked
from outrider.rules.routing import stand_in

FOREIGN = ("RAY_", "PYTHON")
"""What these variables begin with can make Ray run anything; a project's settings reach them inside Claude Code."""


def check(job: Job) -> None:
    """Raises where Ray must not or cannot be used."""
    if job.flags.engine != "ray":
        raise OutriderError("`--ray-address` is for `--engine ray`", hint="add `--engine ray`")
    if job.plan.is_private:
        raise Refused(
            "private documents do not go to a Ray cluster: its workers may be on other machines",
            hint="leave `--engine ray` out",
        )
    if job.session.inside_claude:
        for name in [name for name in os.environ if name.startswith(FOREIGN)]:
            del os.environ[name]
    if not job.flags.dry_run:
        ray.check(job.flags.ray_address)


class RayAsker(Asker):
    """Asks documents on a cluster."""

    def __init__(self, job: Job, batch: Batch) -> None:
        self._crew = Crew(job.flags.ray_address, most=job.flags.concurrency)
        super().__init__(job.plan, batch)
        self._secrets = job.session.keys.named_values(job.session.registry)

    async def close(self) -> None:
        """Ends the crew, too."""
        try:
            await super().close()
        finally:
            self._crew.close()

    async def _ended(self, prepared: Prepared, world: World) -> Ended:
        plan, route = self._plan, prepared.route
        if route.private or leaked(prepared.request, self._secrets):
            return await super()._ended(prepared, world)
        registry = self._session.registry
        work = Work(
            route=route, request=prepared.request, limits=plan.limits, prompts=self._prompts, parts=plan.at_once,
            prices={target.health_key: stand_in(registry, target) for target in route.targets},
            redact=registry.values.get("privacy", {}).get("redact"), accept=plan.accept,
        )  # fmt: skip
        return await self._crew.run(work, world, item=str(prepared.document.position))
