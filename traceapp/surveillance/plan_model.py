"""The table of plans of detection that are played in the background, with what came of them."""
from __future__ import annotations

from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, enum_check
from traceapp.making.model import MadeByJob
from traceapp.making.states import FileState


class PlanRun(MadeByJob, Base):
    """A plan as `planning.Plan` writes it, and its `answer` once it was played. `done` and `total` are runs."""

    __tablename__ = "plan_run"
    __table_args__ = (enum_check("state", FileState), Index("ix_plan_run_state", "state", "created_at"),
                      Index("ix_plan_run_hash", "plan_hash", "created_at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    plan: Mapped[Any] = mapped_column(JsonText)
    plan_hash: Mapped[str] = mapped_column(String(64))
    product_id: Mapped[str | None] = mapped_column(String(32))
    answer: Mapped[Any] = mapped_column(JsonText, nullable=True)
