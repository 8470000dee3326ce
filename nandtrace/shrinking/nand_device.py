"""A smaller device: fewer dies, planes, blocks and pages, and a bootstrap that fits them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

from nandtrace.nand.profile import Bootstrap, Profile, ScriptStep
from nandtrace.shrinking.nand_context import Context
from nandtrace.shrinking.profile_file import built_in_profiles
from nandtrace.trace.recorder import Topology

_SECTIONS = ("weights", "op_names", "sequences", "exclusions", "interleaving_bases")
_FIELDS = ("dies", "planes", "blocks_per_die", "pages_per_block")


def smaller_device(context: Context) -> None:
    """The device that a script needs, or as little of every dimension as can be."""
    if context.profile.script:
        for smaller in _compact(context.profile):
            _try(context, smaller)
    for name in _FIELDS:
        for value in _less(getattr(context.profile.topology, name)):
            changed = {**asdict(context.profile.topology), name: value}
            if _try(context, _on_device(context.profile, Topology(**changed))):
                break
    # Fewer planes need fewer blocks, and each alone may be impossible.
    planes = context.profile.topology.planes
    for rows in (1, 2, 4):
        changed = {**asdict(context.profile.topology), "blocks_per_die": rows * planes}
        if _try(context, _on_device(context.profile, Topology(**changed))):
            break


def less_bootstrap(context: Context) -> None:
    """No bootstrap, or one of few blocks."""
    bootstrap = context.profile.bootstrap
    if not bootstrap.enabled:
        return
    for volumes in ((0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1), (2, 1, 0), (2, 2, 1), (4, 2, 1)):
        erase, program, read = volumes
        if erase > bootstrap.erase_volume:
            continue
        smaller = Bootstrap(
            enabled=any(volumes), erase_volume=erase, program_volume=program, read_volume=read
        )
        if context.with_profile(bootstrap=smaller):
            return


def no_bad_blocks(context: Context) -> None:
    """No bad block, or one less at a time."""
    if not context.profile.bad_blocks or context.with_profile(bad_blocks=()):
        return
    for block in context.profile.bad_blocks:
        rest = tuple(item for item in context.profile.bad_blocks if item != block)
        context.with_profile(bad_blocks=rest)


def more_like_built_in(context: Context) -> None:
    """Sections as a built-in profile has them, which need not be said then."""
    for built_in in built_in_profiles():
        for section in _SECTIONS:
            context.with_profile(**{section: getattr(built_in, section)})
        proposals = context.profile.policies.proposals
        planes = min(built_in.policies.max_planes, context.profile.topology.planes)
        context.with_profile(
            policies=replace(built_in.policies, proposals=proposals, max_planes=planes)
        )


def _try(context: Context, smaller: Profile | None) -> bool:
    if smaller is None:
        return False
    return context.search.attempt(replace(context.recipe, profile=smaller))


def _less(value: int) -> Iterator[int]:
    seen = value
    for less in (1, 2, value // 4, value // 2, value - 1):
        if 0 < less < seen or 0 < less < value:
            yield less


def _on_device(profile: Profile, topology: Topology) -> Profile | None:
    """The profile on a smaller device, what does not fit it left out; None where nothing is left to do."""
    dies, blocks = topology.dies, topology.blocks_per_die
    if blocks % topology.planes:
        return None
    bad = tuple(item for item in profile.bad_blocks if item[0] < dies and item[1] < blocks)
    good = dies * blocks - len(bad)
    bootstrap = profile.bootstrap
    erase = min(bootstrap.erase_volume, good)
    program = min(bootstrap.program_volume, erase)
    return replace(
        profile,
        topology=topology,
        bad_blocks=bad,
        bootstrap=replace(
            bootstrap,
            erase_volume=erase,
            program_volume=program,
            read_volume=min(bootstrap.read_volume, program),
            read_coverage=min(bootstrap.read_coverage, program / good) if good else 0.0,
        ),
        policies=replace(
            profile.policies,
            max_planes=min(profile.policies.max_planes, topology.planes),
            read_offset_guard=min(profile.policies.read_offset_guard, topology.pages_per_block - 1),
        ),
    )


# ---- the device that a script needs


def _compact(profile: Profile) -> Iterator[Profile | None]:
    """The profile on fewer dies, planes, rows and pages; each step goes where it went, under new numbers."""
    script, topology = profile.script, profile.topology
    dies = _numbers(step.die for step in script)
    yield _moved(profile, dies, _same(topology.planes), _same(_rows(topology)))
    planes = _numbers(plane for step in script for plane in (step.plane, *step.planes))
    yield _moved(profile, dies, planes, _same(_rows(topology)))
    rows = _numbers(
        step.block // topology.planes for step in script if step.block is not None
    ) or _same(1)
    yield _moved(profile, dies, _same(topology.planes), rows)
    yield _moved(profile, dies, planes, rows)


def _numbers(used: Iterator[int]) -> dict[int, int]:
    return {old: new for new, old in enumerate(sorted(set(used)))}


def _same(count: int) -> dict[int, int]:
    return {number: number for number in range(count)}


def _rows(topology: Topology) -> int:
    return topology.blocks_per_die // topology.planes


def _moved(
    profile: Profile, dies: dict[int, int], planes: dict[int, int], rows: dict[int, int]
) -> Profile | None:
    topology = profile.topology

    def moved(step: ScriptStep) -> ScriptStep:
        block = step.block
        if block is not None:
            row, plane = divmod(block, topology.planes)
            block = rows[row] * len(planes) + planes[plane]
        return replace(
            step,
            die=dies[step.die],
            plane=planes[step.plane],
            block=block,
            planes=tuple(planes[plane] for plane in step.planes),
        )

    smaller = replace(
        topology, dies=len(dies), planes=len(planes), blocks_per_die=len(planes) * len(rows)
    )
    bare = replace(profile, script=tuple(map(moved, profile.script)), bad_blocks=())
    return _on_device(bare, smaller)
