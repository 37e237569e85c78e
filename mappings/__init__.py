"""Code lists with source, edition and confidence, and what reads them and refuses what they do not contain."""

from mappings.catalogue import Component, ProcedureCatalogue, ProcedureEntry, components_of, procedures
from mappings.lists import CodeList, CodeMap, NotInList, Row, name_key
from mappings.shipped import code_list, read_rows, service_level, status_words, transitions

__all__ = [
    "CodeList",
    "CodeMap",
    "Component",
    "NotInList",
    "ProcedureCatalogue",
    "ProcedureEntry",
    "Row",
    "code_list",
    "components_of",
    "name_key",
    "procedures",
    "read_rows",
    "service_level",
    "status_words",
    "transitions",
]
