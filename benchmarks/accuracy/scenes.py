"""The scenes: half for tuning, half kept for the final figures and not to be looked at while tuning."""

from benchmarks.accuracy.accuracy_scene import AccuracyScene
from benchmarks.accuracy.final_set import FINAL
from benchmarks.accuracy.tuning_set import TUNING

__all__ = ["SCENES", "TUNING_NAMES", "AccuracyScene"]

SCENES: dict[str, AccuracyScene] = {scene.name: scene for scene in (*TUNING, *FINAL)}
TUNING_NAMES = [scene.name for scene in TUNING]
