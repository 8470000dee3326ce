"""The bootstrap: a new device is first erased, then programmed, then read, each up to a threshold."""

from __future__ import annotations

from nandtrace.nand.model import Model
from nandtrace.vocab.nand import BootstrapStage

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
        if model.stage is BootstrapStage.ERASE:
            return model.addresses.erased_blocks >= settings.erase_volume
        if model.stage is BootstrapStage.PROGRAM:
            return model.addresses.programmed_blocks >= settings.program_volume
        read = len(model.read_blocks)
        wanted = settings.read_coverage * model.addresses.good_blocks
        return read >= settings.read_volume and read >= wanted
