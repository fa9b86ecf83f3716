"""How components and variables of the device model are written in one word."""

from __future__ import annotations

from ohmstead.wire.ocpp.v201 import ComponentType, VariableType


def component_name(component: ComponentType) -> str:
    """``Connector@1.2``, ``EVSE[left]``: name, instance, evse and connector."""
    evse = component.evse
    place = ""
    if evse is not None:
        place = f"@{evse.id}" if evse.connector_id is None else f"@{evse.id}.{evse.connector_id}"
    instance = f"[{component.instance}]" if component.instance else ""
    return f"{component.name}{instance}{place}"


def variable_name(variable: VariableType) -> str:
    """``Temperature[inlet]``: name and instance."""
    return f"{variable.name}[{variable.instance}]" if variable.instance else variable.name
