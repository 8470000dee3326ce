"""Can a sequence ever be scheduled? Some op must find ops of its planes and cell type, and addresses."""

from __future__ import annotations

from nandtrace.nand.ops import compile_ops
from nandtrace.nand.plans import compile_plan
from nandtrace.nand.profile import Profile
from nandtrace.nand.profiles.entries import ProfileError


def check_plans(profile: Profile) -> None:
    """Raise ProfileError for a continuation that no op of its base can have."""
    catalogue = compile_ops(profile)
    for base, continuations in profile.sequences.items():
        ops = catalogue.by_base[base]
        for number, continuation in enumerate(continuations):
            if (
                continuation.probability
                and ops
                and not any(compile_plan(op, continuation.steps, catalogue) for op in ops)
            ):
                raise ProfileError(
                    f"sequences.{base}[{number}]",
                    "no op can go on so: planes, cell types or addresses of its steps do not fit",
                )
