"""A CAPA through the machine interface, from the problem to the signed end."""
from __future__ import annotations

import io

import pytest

from tests.factories import PASSWORD
from tests.factories_api import Plant, make_plant, picture
from tests.factories_web import Console


@pytest.fixture(scope="module")
def plant(console: Console) -> Plant:
    return make_plant(console)


def test_a_machine_walks_the_whole_way_and_every_act_is_a_new_version(plant: Plant) -> None:
    quality, manager = plant.as_role("quality"), plant.as_role("quality_manager")
    me = quality.get("/account")["id"]
    made = quality.post("/capas", {"kind": "corrective", "title": "Redness", "problem": "More than expected"})
    path, etags = f"/capas/{made['id']}", {quality.etag}

    def act(address: str, body: dict[str, object], method: str = "post") -> dict[str, object]:
        client = manager if address == "closing" else quality
        client.get(path)
        whole: dict[str, object] = getattr(client, method)(f"{path}/{address}", body, 200, If_Match=client.etag)
        etags.add(client.etag)
        return whole

    act("links", {"kind": "recall", "target_id": plant.ids["recall_id"]})
    about = f"/capas?link_kind=recall&target_id={plant.ids['recall_id']}"
    assert made["id"] in [one["id"] for one in quality.get(about)["rows"]]
    act(f"links/recall/{plant.ids['recall_id']}/removal", {"reason": "Another was meant"})
    assert made["id"] not in [one["id"] for one in quality.get(about)["rows"]]
    quality.get("/capas?link_kind=recall", status=422)
    act("links", {"kind": "recall", "target_id": plant.ids["recall_id"]})
    act("steps", {"action": "investigate"})
    act("whys", {"answers": ["It irritates"]}, "put")
    cause = act("causes", {"kind": "method", "text": "Cured too short"})["causes"][0]["id"]  # type: ignore[index]
    act(f"causes/{cause}/judgement", {"verdict": "excluded", "evidence": "Log of the oven"})
    act("no-cause", {"reason": "No pack is left"})
    act("steps", {"action": "plan"})
    action = act("actions", {"what": "Keep samples"})["actions"][0]["id"]  # type: ignore[index]
    other = act("actions", {"what": "Nothing"})["actions"][1]["id"]  # type: ignore[index]
    act(f"actions/{action}", {"what": "Keep samples of each batch", "owner_id": me, "due_on": "2026-12-20"}, "put")
    act(f"actions/{other}/dropping", {"reason": "Not needed"})
    question = act("questions", {"question": "How many?", "asked_of_id": me})["questions"][0]["id"]  # type: ignore[index]
    act("criterion", {"criterion": "Samples of all batches", "method": "Count", "planned_on": "2026-11-22"}, "put")
    act("steps", {"action": "begin"})
    proof = quality.upload(f"{path}/actions/{action}/files", {"file": (io.BytesIO(picture()), "shelf.png")})
    act(f"actions/{action}/completion", {"outcome": "Shelf is in use"})
    act(f"questions/{question}/answer", {"answer": "Three packs"})
    act("steps", {"action": "verify"})
    act("conclusion", {"conclusion": "effective", "result": "All there"})
    ended = act("closing", {"password": PASSWORD, "reason": "Samples are kept"})
    assert (ended["state"], ended["no_cause"]) == ("closed", "No pack is left")
    assert [one["sha256"] for one in quality.get(f"{path}/actions/{action}/files")] == [proof["sha256"]]
    assert len(etags) == 22
    signed = [(one["action"], bool(one["signed_hash"])) for one in ended["decisions"]]  # type: ignore[attr-defined]
    assert signed == [("investigate", False), ("plan", False), ("begin", False), ("verify", False), ("close", True)]


def test_a_second_one_for_the_same_signal_is_a_conflict_that_names_the_first(plant: Plant) -> None:
    first = plant.api.get(f"/capas/{plant.ids['capa_id']}")
    refused = plant.api.post("/capas", {
        "kind": "corrective", "title": "Redness", "problem": "Again",
        "links": [{"kind": "signal", "target_id": plant.ids["signal_id"]}]}, 409)
    assert refused["code"] == "capa-runs" and first["reference"] in refused["detail"]


def test_an_act_on_an_older_version_is_refused(plant: Plant) -> None:
    path = f"/capas/{plant.ids['capa_id']}"
    plant.api.get(path)
    old = plant.api.etag
    plant.api.post(f"{path}/causes", {"kind": "man", "text": "Tired"}, 200, If_Match=old)
    assert plant.api.post(f"{path}/causes", {"kind": "man", "text": "Tired"}, 412, If_Match=old)["code"] == "stale"
    assert plant.api.post(f"{path}/causes", {"kind": "man", "text": "Tired"}, 428)["code"] == "precondition-required"


def test_the_problem_database_adds_up(plant: Plant) -> None:
    for period in ("since=9999-12-01&until=9999-12-31", "until=0001-01-31"):
        assert plant.api.get(f"/capa-problems?{period}", status=422)["code"] == "no-such-years"
    rows = plant.api.get("/capa-problems?since=2026-11-01&until=2026-11-30")
    assert any(row["capas"] == 1 and row["kind"] == "redness" for row in rows)
    assert all(row["total"] == sum(row["by_month"]) == row["complaints"] + row["signals"] + row["capas"] for row in rows)
