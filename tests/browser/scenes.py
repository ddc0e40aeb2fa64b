"""What the pages need besides the demonstration data: recalls in every state, an answered notice, a copied code."""
from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from tests.browser.conftest import NEWCOMER, PASSWORDS, Site
from tests.browser.report_scenes import make_report_scenes
from tests.factories_recall import HAZARD
from tests.factories_surveillance import likeliest_material
from traceapp.adverse_event.model import AdverseEvent
from traceapp.catalog.model import Party, Product, ProductKind
from traceapp.code.allocating import AllocateSerials, allocate_serials
from traceapp.code.counting import StoredScan, count_scans
from traceapp.code.doubts import scan_tasks
from traceapp.code.labels import lot_link
from traceapp.code.links import NewLink, WithdrawLink, register_link, withdraw_link
from traceapp.code.model import Link, ScanCount
from traceapp.code.policy import Doubt
from traceapp.code.print_choice import PrintChoice
from traceapp.code.printing import OrderPrint, order_print
from traceapp.complaint.drafts import start_draft
from traceapp.complaint.intake import submit_complaint
from traceapp.complaint.model import Complaint
from traceapp.complaint.report import LotGiven, SubmitComplaint
from traceapp.core.actor import PUBLIC, SYSTEM, Actor
from traceapp.core.ids import new_id
from traceapp.gs1 import parse_path
from traceapp.identity.attempts import Attempt, note_refused_sign_in
from traceapp.identity.model import User
from traceapp.identity.service import NewUser, actor_of, create_user
from traceapp.importing.model import ImportFault
from traceapp.importing.orders import BeginImport, begin_import, new_import_id, read_table
from traceapp.making.states import FileState
from traceapp.making.work import LEASE
from traceapp.recall.answer import AnswerLine, RecordAnswer, note_opened, notice_of_token, record_answer
from traceapp.recall.evaluation import MEDICAL, QUALITY
from traceapp.recall.model import Notice, Recall
from traceapp.recall.notices import sealed_about
from traceapp.recall.service import (
    ApproveRecall,
    AssessRecall,
    DecideRecall,
    OpenRecall,
    SignEvaluation,
    SubmitRecall,
    WriteEvaluation,
    approve_recall,
    assess_recall,
    decide_recall,
    open_recall,
    sign_evaluation,
    submit_recall,
    write_evaluation,
)
from traceapp.surveillance.model import Signal
from traceapp.surveillance.ranking import likeliest_cause
from traceapp.surveillance.states import UNDECIDED
from traceapp.trace.model import Lot, ShipmentLine
from traceapp.trace.policy import ReleaseState
from traceapp.trace.sensor_model import Excursion
from traceapp.worklist.model import Task
from traceapp.worklist.tasks import raise_task
from traceapp.world import World

TEXTS = {
    "title_zh": "召回：部分批次密封不严", "title_en": "Recall: some packs are not tightly sealed",
    "reason": "Retained samples failed the seal test.", "risk_zh": "包装可能不再无菌，使用后可能感染。",
    "risk_en": "The content may no longer be sterile; using it can cause an infection.",
    "action_zh": "立即停止使用，单独存放，等待取回。", "action_en": "Stop using it at once and keep it apart until it is collected.",
    "contact": "质量部 0512-0000 0000", "trigger_kind": "inspection"}


@dataclass(frozen=True, slots=True)
class Scenes:
    """Paths and keys by name, for the table of pages."""

    expired: str
    copied: str
    unknown_pack: str
    far_pack: str
    scanned: str
    cold: str
    print_job: str
    draft: str
    submitted: str
    running: str
    closed: str
    closed_reference: str
    consignee: str
    asked: str
    answered: str
    complaint: str
    draft_event: str
    event: str
    signal: str
    lot: str
    pending: str
    raw: str
    rejected: str
    product: str
    material: str
    partner: str
    task: str
    account: str
    form: str
    report: str
    code: str
    gtin: str
    link: str
    import_draft: str
    import_faulty: str
    import_stopped: str
    import_running: str
    sent_report: str
    checked_report: str
    lost_answer: str
    unreported: str
    doubled: str


def make_scenes(site: Site) -> Scenes:
    """Prepare what is missing and name it all."""
    world = site.world()
    with world.database.write() as session:
        codes = {name: _lot_at(session, address) for name, address in site.codes.items()}
        staff = {user.sign_in_name: actor_of(user) for user in session.scalars(select(User))}
        glue = _glue_of(session, world, codes["suspicious"])
        spare = _spare_lots(session, world, codes)
        draft = _opened(session, world, staff["quality"], glue).id
        submitted = _opened(session, world, staff["quality"], spare[0])
        _submitted(session, world, staff, submitted.id)
        running = _opened(session, world, staff["quality"], spare[1])
        _submitted(session, world, staff, running.id)
        approve_recall(session, staff["manager"], world.clock, ApproveRecall(
            running.id, PASSWORDS["manager"], "reviewed"), vault=world.vault)
        session.flush()
        asked, answered, consignee = _notices(session, world, running.id)
        old = _finished(session, Lot.expires_on < world.clock.now().date())[0]
        copied = _finished(session, Product.code == "PLASTER", Lot.expires_on > world.clock.now().date())[0]
        session.merge(ScanCount(lot_key=copied.lot_key, scans=int(copied.made) * 100, first_at=world.clock.now()))
        create_user(session, SYSTEM, world.clock, NewUser(NEWCOMER, "Wang Fang", "quality", PASSWORDS[NEWCOMER],
                                                          is_one_time=True))
        note_refused_sign_in(session, world.clock, Attempt(NEWCOMER, "203.0.113.0/24"))
        note_refused_sign_in(session, world.clock, Attempt("nobody", "2001:db8:1::/48"))
        packs = _packs(session, world, staff["quality"], codes["released"])
        found = Scenes(
            expired=_path(session, old), copied=_path(session, copied), draft=draft, submitted=submitted.id,
            running=running.id, consignee=consignee, asked=asked, answered=answered,
            lot=codes["suspicious"].lot_key, pending=codes["not released"].lot_key, raw=glue.lot_key,
            rejected=codes["rejected"].lot_key, form=_form(session, world, codes["released"]),
            report=_report(session, world, codes["released"]), scanned=codes["released"].lot_key,
            print_job=_print_job(session, world, staff["quality"], codes["released"]), **packs, product=codes["suspicious"].product_id or "",
            **_links(session, world, staff["quality"], _path(session, codes["suspicious"])),
            cold=session.scalars(select(Excursion.lot_key)).first() or "",
            **make_report_scenes(session, world, staff),
            **_imports(session, world, staff["quality"]), material=glue.product_id or "", **_found(session))
    world.database.close()
    return found


def _lot_at(session: Session, address: str) -> Lot:
    return session.scalars(select(Lot).where(Lot.number == urlsplit(address).path.rsplit("/", 1)[1], Lot.is_own == 1)).one()


def _glue_of(session: Session, world: World, lot: Lot) -> Lot:
    """The raw lot that most of the newest batches share: the bad adhesive of the story."""
    found = likeliest_cause(session, [lot.lot_key], world.clock.now().date())
    return session.scalars(select(Lot).where(Lot.lot_key == likeliest_material(found))).one()


def _spare_lots(session: Session, world: World, codes: dict[str, Lot]) -> list[Lot]:
    """Shipped lots that no story is about, with few consignees first."""
    consignees = func.count(func.distinct(ShipmentLine.consignee_id))
    return list(session.scalars(
        select(Lot).join(ShipmentLine, ShipmentLine.lot_key == Lot.lot_key).join(Product, Product.id == Lot.product_id)
        .where(Product.code != "PLASTER", Product.kind != ProductKind.material, Lot.release_state == ReleaseState.released, ~Lot.is_recalled, ~Lot.is_on_hold,
               Lot.lot_key.not_in([lot.lot_key for lot in codes.values()]),
               Lot.expires_on > world.clock.now().date())
        .group_by(Lot.lot_key).having(consignees > 1).order_by(consignees, Lot.number)))


def _finished(session: Session, *conditions: ColumnElement[bool]) -> list[Lot]:
    """Released lots for sale that meet these conditions, the oldest first."""
    return list(session.scalars(
        select(Lot).join(Product, Product.id == Lot.product_id)
        .where(Product.kind != ProductKind.material, Lot.is_own == 1, Lot.release_state == ReleaseState.released,
               ~Lot.is_recalled, ~Lot.is_on_hold, *conditions).order_by(Lot.made_on, Lot.number)))


def _opened(session: Session, world: World, actor: Actor, lot: Lot) -> Recall:
    return open_recall(session, actor, world.clock, OpenRecall(recall_class="II", root_lot_keys=(lot.lot_key,), **TEXTS))


def _submitted(session: Session, world: World, staff: dict[str, Actor], recall_id: str) -> None:
    quality, manager = staff["quality"], staff["manager"]
    assess_recall(session, quality, world.clock, AssessRecall(recall_id))
    write_evaluation(session, quality, world.clock, WriteEvaluation(recall_id, HAZARD))
    for who, meaning in (("quality", QUALITY), ("manager", MEDICAL)):
        sign_evaluation(session, staff[who], world.clock, SignEvaluation(recall_id, meaning, PASSWORDS[who]))
    decide_recall(session, manager, world.clock, DecideRecall(recall_id, "II", "blisters", PASSWORDS["manager"]))
    actor = quality
    submit_recall(session, actor, world.clock, SubmitRecall(recall_id, PASSWORDS["quality"], "checked"))


def _notices(session: Session, world: World, recall_id: str) -> tuple[str, str, str]:
    """The token of one that waits, the token of one that was answered with a gap, and who gave that answer."""
    first, second = session.scalars(select(Notice).where(Notice.recall_id == recall_id).order_by(Notice.id)).all()[:2]
    asked, answered = (world.vault.open_text(notice.sealed_token, sealed_about(notice.id)) for notice in (first, second))
    note_opened(session, world.clock, answered)
    view = notice_of_token(session, answered)
    lines = tuple(AnswerLine(line.lot_key, Decimal(10), line.shipped - 15, Decimal(0)) for line in view.lines)
    record_answer(session, world.clock, RecordAnswer(answered, lines, "Ward 3", "Five were thrown away."))
    return asked, answered, second.consignee_id


def _form(session: Session, world: World, lot: Lot) -> str:
    """The secret of a report that is filled in and not sent."""
    return start_draft(session, world.clock, {
        "via": "scan", "lot_key": lot.lot_key, "lot_name": lot.number, "product_id": lot.product_id,
        "narrative": "贴后一小时皮肤红肿、发痒。 Red and itching skin after an hour.", "terms": ["itching"],
        "affected": "me", "harm": "unknown", "age_band": "18-44", "sex": "female",
        "seriousness": ["took_medicine"], "happened_on": "2026-11-01", "use_text": "On the arm, two hours",
        "place": "Ward 3", "contact": {"name": "", "phone": "13800000000", "email": "", "guardian_name": ""}},
        vault=world.vault)


def _report(session: Session, world: World, lot: Lot) -> str:
    """The secret of a report that was sent."""
    sent = submit_complaint(session, PUBLIC, world.clock, SubmitComplaint(
        channel="consumer", narrative="The pack was open at one side.", lot=LotGiven(lot.lot_key), affected="nobody",
        harm="no", has_proof=True), vault=world.vault)
    return str(sent.follow_up_token)


def _links(session: Session, world: World, actor: Actor, path: str) -> dict[str, str]:
    """Links of a code: two that nothing tells apart, one for readers of one language, and one that has been withdrawn."""
    gtin = path.split("/")[2]

    def linked(anchor: str, kind: str, href: str, title: str, **more: object) -> Link:
        command = NewLink(anchor, kind, f"https://qinghe.example/{href}", title, **more)  # type: ignore[arg-type]
        return register_link(session, actor, world.clock, command, own_root=world.settings.base_url)

    for number in (1, 2):
        linked(parse_path(path).hri, "relatedVideo", f"film-{number}", f"贴敷演示 {number}", languages=("zh",))
    leaflet = linked(gtin, "instructions", "leaflet.pdf", "Instructions for use", languages=("en",),
                     media_type="application/pdf", contexts=("hospital",))
    old = linked(gtin, "faqs", "questions", "常见问题")
    withdraw_link(session, actor, world.clock, WithdrawLink(old.id, "The page has gone."))
    return {"code": path, "gtin": gtin, "link": leaflet.id}


def _path(session: Session, lot: Lot) -> str:
    product = session.scalars(select(Product).where(Product.id == lot.product_id)).one()
    return urlsplit(lot_link("https://here.example", product.levels, lot)).path


def _packs(session: Session, world: World, actor: Actor, lot: Lot) -> dict[str, str]:
    """Serial numbers of a lot, a month of scans, and two codes that give reason to doubt."""
    given = allocate_serials(session, actor, world.clock, AllocateSerials(
        lot.lot_key, 50_000, "K", is_signed=True, purpose="Print order 2026-118"), keys=world.code_keys)
    allocate_serials(session, actor, world.clock, AllocateSerials(lot.lot_key, 200, "M"), keys=world.code_keys)
    now, serial = world.clock.now(), given.first_serial
    networks = [f"10.0.{part}.0/24" for part in range(9)]
    count_scans(session, [StoredScan(lot.lot_key, now - timedelta(days=day), serial, networks[day % 9], "CN-JS", None, True)
                          for day in range(28) for _ in range(day % 5)])
    for doubt, number, region in ((Doubt.far_apart, serial, "CN-GD"), (Doubt.too_often, serial, "CN-BJ"),
                                  (Doubt.unknown_serial, "X99-000001", ""), (Doubt.bad_signature, given.last_serial, "")):
        count_scans(session, [StoredScan(lot.lot_key, now, number, networks[0], region, doubt, bool(region))] * 3)
    for command in scan_tasks(session, world.clock):
        raise_task(session, SYSTEM, world.clock, command)
    path = _path(session, lot)
    return {"unknown_pack": f"{path}/21/X99-000001", "far_pack": f"{path}/21/{serial}?lang={{language}}&v=far"}


def _print_job(session: Session, world: World, actor: Actor, lot: Lot) -> str:
    """A print that somebody works on, half done, who will not come back for a while."""
    choice = PrintChoice(format="zpl", copies=1000)
    job = order_print(session, actor, world.clock, OrderPrint(lot.lot_key, new_id(world.clock.now()), choice, 1000))
    job.state, job.done, job.holder = FileState.running, 400, "somebody"
    job.lease_until = world.clock.now() + 2 * LEASE
    return job.id


def _imports(session: Session, world: World, actor: Actor) -> dict[str, str]:
    """Tables whose columns are to be named, that were looked at, that stopped at a row and that are being taken in."""
    found = {}
    jobs = {}
    content = "编码,类别,品名,备注列\nGLUE-77,原料,丙烯酸胶 77,x\nP-900,飞机,新型创可贴,\n".encode("gb18030")
    for name in ("import_draft", "import_faulty", "import_stopped", "import_running"):
        kept = world.imports.keep(new_import_id(world.clock), io.BytesIO(content))
        job = begin_import(session, actor, world.clock, BeginImport("product", "物料.csv", read_table(world.imports, kept, "product")))
        found[name], jobs[name] = job.id, job
    looked, stopped, running = jobs["import_faulty"], jobs["import_stopped"], jobs["import_running"]
    looked.state, looked.rows, looked.checked = "checked", 2, {"stored": 1, "already": 0, "changed": 0, "refused": 1}
    for job in (stopped, running):
        job.rows, job.stored, job.already, job.at_row, job.started_at = 400, 120, 3, 124, world.clock.now()
    stopped.state, running.state = "stopped", "running"
    running.holder, running.lease_until = "somebody", world.clock.now() + 2 * LEASE
    session.add_all(ImportFault(
        import_id=job.id, number=1, row=3, field="kind", place=1, value="飞机", code="unknown-value",
        message="“%(text)s” is not understood here. Use one of: %(known)s.",
        params={"text": "飞机", "known": "device (医疗器械), drug (药品), cosmetic (化妆品)"}) for job in (looked, stopped))
    return found


def _found(session: Session) -> dict[str, str]:
    """Cases of the demonstration, one of each kind."""
    closed = session.scalars(select(Recall).where(Recall.state == "terminated", Recall.is_drill.is_(False))).first()
    events = {state: session.scalars(select(AdverseEvent.id).where(AdverseEvent.state == state).order_by(
        AdverseEvent.person_id.is_(None))).first() for state in ("draft", "assessed")}
    account = session.scalars(select(User.id).where(User.sign_in_name == NEWCOMER)).one()
    partner = session.scalars(select(Party.id).join(ShipmentLine, ShipmentLine.consignee_id == Party.id)).first()
    complaint = session.scalars(select(Complaint.id).where(Complaint.person_id.is_not(None), Complaint.is_harm)).first()
    task = session.scalars(select(Task.id).where(Task.state == "open", Task.role == "quality")).first()
    signal = session.scalars(select(Signal.id).where(Signal.state.in_(UNDECIDED)).order_by(Signal.opened_at)).first()
    assert closed and partner and complaint and task and signal and all(events.values())
    return {"closed": closed.id, "closed_reference": closed.reference, "complaint": complaint, "signal": signal,
            "draft_event": str(events["draft"]), "event": str(events["assessed"]), "partner": partner, "task": task,
            "account": account}


