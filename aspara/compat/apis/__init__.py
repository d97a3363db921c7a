"""wandb's interfaces for reading runs."""

from __future__ import annotations

from typing import Any

from aspara.api.api import Api

PublicApi = Api


class InternalApi:
    """wandb's inner interface, of which programs ask who they are."""

    @property
    def default_entity(self) -> str:
        """WANDB_ENTITY, or nothing: there are no entities."""
        from aspara.compat.env import get_entity

        return str(get_entity("") or "")

    @property
    def api_key(self) -> str | None:
        """None: there are no keys."""
        return None

    def settings(self, key: str | None = None, section: str | None = None) -> Any:
        """One setting by its name, or all."""
        del section
        from aspara.compat import env

        found = {"project": env.get_project(), "entity": self.default_entity, "base_url": env.get_base_url()}
        return found if key is None else found.get(key)

    def set_setting(self, key: str, value: Any, globally: bool = False, persist: bool = False) -> None:
        """Accepted."""
        del key, value, globally, persist

    def viewer(self) -> dict[str, Any]:
        """Who is logged in: nobody."""
        return {"entity": self.default_entity, "username": "", "teams": {"edges": []}}


api = InternalApi()
