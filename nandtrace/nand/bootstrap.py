"""The bootstrap: a new device is first erased, then programmed, then read, each up to a threshold."""

from __future__ import annotations

from nandtrace.nand.model import Model
from nandtrace.vocab.nand import ERASED, BootstrapStage

_ORDER = (
    BootstrapStage.ERASE,
    BootstrapStage.PROGRAM,
    BootstrapStage.READ,
    BootstrapStage.DONE,
)


class BootstrapPlan:
    """Moves the model from stage to stage. What counts is what is done, not what is reserved."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._settings = model.profile.bootstrap

    def begin(self) -> None:
        """Enter the first stage, where the profile wants a bootstrap."""
        if self._settings.enabled and self._model.stage is None:
            self._enter(BootstrapStage.ERASE)

    def advance(self) -> None:
        """Enter the next stages whose thresholds are reached."""
        while self._model.is_bootstrapping and self._is_over():
            stage = self._model.stage
            assert stage is not None
            self._enter(_ORDER[_ORDER.index(stage) + 1])

    def _enter(self, stage: BootstrapStage) -> None:
        model = self._model
        model.stage = stage
        model.log.bootstrap(model.clock_ns, model.log.code(stage.value))

    def _is_over(self) -> bool:
        model, settings = self._model, self._settings
        states = [state for die in model.addresses.applied for state in die]
        if model.stage is BootstrapStage.ERASE:
            return sum(state >= ERASED for state in states) >= settings.erase_volume
        if model.stage is BootstrapStage.PROGRAM:
            return sum(state > ERASED for state in states) >= settings.program_volume
        good = len(states) - len(model.profile.bad_blocks)
        read = len(model.read_blocks)
        return read >= settings.read_volume and read >= settings.read_coverage * good
