"""Code lists with source, edition and confidence, and the loader that refuses what it does not know."""

from mappings.loader import (
    CodeList,
    CodeMap,
    Component,
    NotInList,
    ProcedureCatalogue,
    ProcedureEntry,
    Row,
    code_list,
    components_of,
    name_key,
    procedures,
    read_rows,
    service_level,
    status_words,
    transitions,
)

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
