"""
The file source: exports of one-stop systems, CSV or XLSX, with Vietnamese headings.

``load_mapping`` reads what the columns and words of one system mean (see ``example.toml``), ``import_file`` brings
the ledger to what a file says, ``read_dossiers`` reads a file without any ledger.
"""

from connectors.provincial.file.build import DossierHistory
from connectors.provincial.file.importing import ImportReport, import_file
from connectors.provincial.file.ledger import Known, Ledger, Receipt
from connectors.provincial.file.mapping import FileMapping, Layout
from connectors.provincial.file.mapping_toml import load_mapping, parse_mapping
from connectors.provincial.file.progress import NoProgress, Phase, PlainProgress, Progress
from connectors.provincial.file.reading import read_dossiers
from connectors.provincial.file.refusals import DossierRefused, FileRefused, Part, Refusal

__all__ = [
    "DossierHistory",
    "DossierRefused",
    "FileMapping",
    "FileRefused",
    "ImportReport",
    "Known",
    "Layout",
    "Ledger",
    "NoProgress",
    "Part",
    "Phase",
    "PlainProgress",
    "Progress",
    "Receipt",
    "Refusal",
    "import_file",
    "load_mapping",
    "parse_mapping",
    "read_dossiers",
]
