"""Files that authorities ask for of a recall: which there are, and what each is made of."""
from types import MappingProxyType

from . import cn_progress, cn_recall, eu_fsca, eu_fsn, us_806, us_recall
from .fields import FileKind

KINDS: MappingProxyType[str, FileKind] = MappingProxyType({kind.name: kind for kind in (
    cn_recall.EVENT, cn_recall.ASSESSMENT, cn_recall.PLAN, cn_progress.PROGRESS, cn_progress.CLOSING,
    us_806.KIND, us_recall.KIND_INITIAL, us_recall.KIND_STATUS, eu_fsca.FSCA, eu_fsn.FSN)})

__all__ = ["KINDS"]
