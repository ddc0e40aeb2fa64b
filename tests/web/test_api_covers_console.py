"""What staff can do in the console, a machine can do: each act and each file has its counterpart, with the same
permission. A new act of the console belongs into this table, with an operation of the interface or a reason."""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from werkzeug.routing import Rule

from tests.factories_web import Console
from traceapp.web import api

# What changes something: endpoint of the console -> operation of the interface.
ACTS = {
    "lot_labels": "POST /lots/<lot_key>/print-jobs",
    "print_job_cancel": "POST /lots/<lot_key>/print-jobs/<job_id>/cancel",
    "account_change": "PUT /users/<user_id>", "account_scope": "PUT /users/<user_id>/scope", "account_assessor": "PUT /users/<user_id>/medical-assessor", "report_open": "POST /reports/<report_id>/files/<position>", "account_new": "POST /users", "own_account_change": "PUT /account",
    "own_password": "POST /account/password", "account_password": "POST /users/<user_id>/password",
    "token_new": "POST /tokens", "token_revoke": "POST /tokens/<token_id>/revocation",
    "import_new": "POST /imports", "import_columns": "PUT /imports/<import_id>/columns",
    "import_run": "POST /imports/<import_id>/run", "import_pause": "POST /imports/<import_id>/pause",
    "import_resume": "POST /imports/<import_id>/resume", "import_cancel": "POST /imports/<import_id>/cancel",
    "task_take": "POST /tasks/<task_id>/assignment", "task_done": "POST /tasks/<task_id>/completion",
    "product_new": "POST /products", "product_change": "PUT /products/<product_id>",
    "product_registration_new": "POST /products/<product_id>/registrations",
    "product_registration_change": "PUT /registrations/<registration_id>",
    "partner_new": "POST /parties", "partner_change": "PUT /parties/<party_id>",
    "partner_contact": "POST /parties/<party_id>/contacts", "partner_role": "POST /parties/<party_id>/roles",
    "partner_role_take": "DELETE /parties/<party_id>/roles/<role>", "partner_site": "POST /sites",
    "lot_receive": "POST /lots/receipts", "lot_produce": "POST /lots/batches",
    "lot_inspect": "POST /lots/<lot_key>/inspections", "lot_release": "POST /lots/<lot_key>/release",
    "lot_reject": "POST /lots/<lot_key>/reject", "lot_hold": "POST /lots/<lot_key>/holds",
    "lot_lift": "POST /lots/<lot_key>/holds/<hold_id>/lift", "lot_return": "POST /lots/<lot_key>/returns",
    "lot_serials": "POST /lots/<lot_key>/serial-ranges", "lot_dispose": "POST /lots/<lot_key>/disposals",
    "shipment_new": "POST /shipments", "shipment_left_before": "POST /shipments/left-before",
    "recall_note_untold": "POST /recalls/<recall_id>/untold-despatches/notes", "link_new": "POST /links", "link_change": "PUT /links/<link_id>",
    "link_withdraw": "POST /links/<link_id>/withdrawal",
    "complaint_submit": "POST /complaints", "complaint_import_look": "POST /complaint-imports/preview",
    "complaint_import_take": "POST /complaint-imports", "complaint_triage": "POST /complaints/<complaint_id>/triage",
    "complaint_change": "POST /complaints/<complaint_id>/actions",
    "complaint_note": "POST /complaints/<complaint_id>/notes", "complaint_bind": "POST /complaints/<complaint_id>/lot",
    "complaint_duplicate": "PUT /complaints/<complaint_id>/master", "complaint_promote": "POST /adverse-events",
    "complaint_lead": "POST /complaints/<complaint_id>/lead",
    "complaint_split": "POST /complaints/<complaint_id>/split",
    "complaint_decline": "POST /complaints/<complaint_id>/declination",
    "complaint_photo": "POST /complaints/<complaint_id>/files",
    "complaint_reveal": "POST /complaints/<complaint_id>/person",
    "complaint_erase": "POST /complaints/<complaint_id>/person/erasure",
    "adverse_event_erase": "POST /adverse-events/<adverse_event_id>/person/erasure",
    "adverse_events_take": "POST /received-reports",
    "persons_search": "POST /persons/search", "person_hold": "POST /persons/<person_id>/hold",
    "person_lift": "POST /persons/<person_id>/hold/lifting", "person_erase": "POST /persons/<person_id>/erasure",
    "adverse_event_decide": "POST /adverse-events/<adverse_event_id>/decisions",
    "clock_end": "POST /clocks/<clock_id>/end", "clock_day": "PUT /clocks/<clock_id>/day",
    "group_decide": "POST /groups/<group_id>/decision", "group_clock_end": "POST /clocks/<clock_id>/end",
    "recall_clock_end": "POST /clocks/<clock_id>/end", "recall_clock_day": "PUT /clocks/<clock_id>/day",
    "duty_new": "POST /duty-shifts", "promises_set": "POST /service-promises", "duty_remove": "DELETE /duty-shifts/<shift_id>",
    "complaint_responder": "PUT /complaints/<complaint_id>/responder",
    "complaint_compensation": "POST /complaints/<complaint_id>/compensations/<compensation_id>/decision",
    "complaint_return": "POST /complaints/<complaint_id>/returns",
    "complaint_return_change": "POST /complaints/<complaint_id>/returns/<return_id>/actions",
    "complaint_email_read": "POST /complaint-drafts",
    "task_force_open": "POST /task-forces", "task_force_join": "POST /task-forces/<task_force_id>/members",
    "task_force_write": "POST /task-forces/<task_force_id>/entries",
    "task_force_case": "POST /task-forces/<task_force_id>/cases", "task_force_hold": "POST /task-forces/<task_force_id>/hold",
    "task_force_end": "POST /task-forces/<task_force_id>/ending",
    "adverse_event_assess": "PUT /adverse-events/<adverse_event_id>",
    "adverse_event_score": "POST /adverse-events/<adverse_event_id>/score",
    "adverse_event_terms": "GET /terms",
    "adverse_event_patient": "POST /adverse-events/<adverse_event_id>/patient",
    "adverse_event_reveal": "POST /adverse-events/<adverse_event_id>/person",
    "adverse_event_change": "POST /adverse-events/<adverse_event_id>/actions",
    "report_prepare": "POST /adverse-events/<adverse_event_id>/reports", "report_renew": "POST /reports/<report_id>/renewal",
    "report_check": "POST /reports/<report_id>/check", "report_approve": "POST /reports/<report_id>/approval",
    "report_change": "POST /reports/<report_id>/changes", "report_send": "POST /reports/<report_id>/sending",
    "report_answer": "POST /reports/<report_id>/answers", "report_answers_take": "POST /report-answers",
    "report_period_prepare": "POST /periodic-clocks/<clock_id>/reports",
    "report_period_end": "POST /clocks/<clock_id>/end", "report_period_day": "PUT /clocks/<clock_id>/day",
    "report_answer_match": "POST /report-answers/<answer_id>/match",
    "alarm_budget_set": "POST /false-alarm-budget",
    "signal_decide": "POST /signals/<signal_id>/decisions", "signal_basis": "PUT /products/<product_id>/detection",
    "product_expected_set": "PUT /products/<product_id>/detection",
    "product_expected_history": "POST /products/<product_id>/detection/history",
    "product_expected_learn": "POST /products/<product_id>/detection/refits",
    "signal_planning_order": "POST /detection-plans", "signal_plan_cancel": "POST /detection-plans/<run_id>/cancel",
    "group_rule_set": "POST /group-rule",
    "signal_sample": "POST /lots/<lot_key>/samples",
    "signal_silence": "POST /silences", "signal_silence_lift": "POST /silences/<silence_id>/lift",
    "recall_open": "POST /recalls", "recall_change": "PUT /recalls/<recall_id>",
    "recall_classify": "POST /recalls/<recall_id>/classifications",
    "recall_take_rules": "PUT /recalls/<recall_id>/scope-rules",
    "recall_scope": "PUT /recalls/<recall_id>/scope", "recall_submit": "POST /recalls/<recall_id>/submission",
    "recall_approve": "POST /recalls/<recall_id>/approval", "recall_return": "POST /recalls/<recall_id>/return",
    "recall_cancel": "POST /recalls/<recall_id>/cancellation",
    "recall_assess": "POST /recalls/<recall_id>/assessment",
    "recall_write_evaluation": "POST /recalls/<recall_id>/evaluation",
    "recall_evaluated": "POST /recalls/<recall_id>/evaluation/signatures",
    "recall_decide": "POST /recalls/<recall_id>/decision", "recall_decide_none": "POST /recalls/<recall_id>/no-action",
    "recall_reassess": "POST /recalls/<recall_id>/reassessment", "recall_strategy": "PUT /recalls/<recall_id>/strategy",
    "recall_mandate": "POST /recalls/<recall_id>/mandate", "recall_extend": "POST /recalls/<recall_id>/extension",
    "recall_tried": "POST /recalls/<recall_id>/consignees/<consignee_id>/tries",
    "recall_check": "POST /recalls/<recall_id>/checks", "recall_checked": "PUT /recalls/<recall_id>/checks/<consignee_id>",
    "recall_conclude": "POST /recalls/<recall_id>/conclusion",
    "recall_terminate": "POST /recalls/<recall_id>/termination", "recall_reopen": "POST /recalls/<recall_id>/reopening",
    "recall_correct": "POST /recalls/<recall_id>/corrections",
    "recall_withdraw": "POST /recalls/<recall_id>/withdrawal",
    "recall_answer": "POST /recalls/<recall_id>/consignees/<consignee_id>/answer",
    "recall_accept_unproved": "POST /recalls/<recall_id>/unproved",
    "recall_note_late": "POST /recalls/<recall_id>/consignees/<consignee_id>/late",
    "recall_settle": "POST /recalls/<recall_id>/settlements",
    "recall_goods_in": "POST /recalls/<recall_id>/returns",
    "recall_container_in": "POST /recalls/<recall_id>/returns/containers", "recall_explain": "POST /recalls/<recall_id>/differences",
    "recall_propose": "POST /recalls/<recall_id>/dispositions",
    "recall_confirm": "POST /recalls/<recall_id>/dispositions/<disposition_id>/confirmation",
    "recall_undecide": "POST /recalls/<recall_id>/dispositions/<disposition_id>/withdrawal",
    "recall_dispose_all": "POST /recalls/<recall_id>/undecided/disposition",
    "recall_prove": "POST /recalls/<recall_id>/consignees/<consignee_id>/files",
    "recall_disposition_prove": "POST /recalls/<recall_id>/dispositions/<disposition_id>/files",
    "recall_check_tried": "POST /recalls/<recall_id>/checks/<consignee_id>/tries",
    "recall_posted": "POST /recalls/<recall_id>/posted",
    "recall_pass_on": "POST /recalls/<recall_id>/consignees/<consignee_id>/passed",
    "recall_passed_answer": "POST /recalls/<recall_id>/passed/<passed_id>/answer",
    "capa_open": "POST /capas", "capa_change": "PUT /capas/<capa_id>", "capa_link": "POST /capas/<capa_id>/links",
    "capa_unlink": "POST /capas/<capa_id>/links/<kind>/<target_id>/removal",
    "capa_step": "POST /capas/<capa_id>/steps", "capa_close": "POST /capas/<capa_id>/closing",
    "capa_whys": "PUT /capas/<capa_id>/whys", "capa_cause": "POST /capas/<capa_id>/causes",
    "capa_judge": "POST /capas/<capa_id>/causes/<cause_id>/judgement", "capa_no_cause": "POST /capas/<capa_id>/no-cause",
    "capa_action": "POST /capas/<capa_id>/actions", "capa_action_change": "PUT /capas/<capa_id>/actions/<action_id>",
    "capa_action_finish": "POST /capas/<capa_id>/actions/<action_id>/completion",
    "capa_action_drop": "POST /capas/<capa_id>/actions/<action_id>/dropping",
    "capa_action_prove": "POST /capas/<capa_id>/actions/<action_id>/files",
    "capa_criterion": "PUT /capas/<capa_id>/criterion", "capa_conclude": "POST /capas/<capa_id>/conclusion",
    "capa_ask": "POST /capas/<capa_id>/questions", "capa_answer": "POST /capas/<capa_id>/questions/<question_id>/answer",
    "records_order": "POST /exports/records/jobs",
    "records_job_cancel": "POST /exports/records/jobs/<file_id>/cancel",
    "exchange_subscription_pause": "POST /subscriptions/<subscription_id>/pause",
    "exchange_subscription_resume": "POST /subscriptions/<subscription_id>/resumption",
    "recall_file_make": "POST /recalls/<recall_id>/files/<file_kind>", "recall_package_make": "POST /recalls/<recall_id>/package",
    "recall_file_texts": "PUT /recalls/<recall_id>/files/<file_kind>/texts",
    "recall_file_step": "POST /recalls/<recall_id>/files/<file_kind>/<file_version>/steps",
    "recall_partner_take": "POST /partner-recalls",
    "drill_ask": "POST /drills", "drill_look": "POST /drills/<drill_id>/reading",
    "drill_again": "POST /drills/<drill_id>/again",
    "drill_capa": "POST /drills/<drill_id>/gaps/<number>/capa", "drill_plan": "PUT /drill-plans/<product_id>",
    "drill_hours_set": "POST /drill-hours",
    "recall_note_late_passed": "POST /recalls/<recall_id>/passed/<passed_id>/late",
    "recall_note_late_returns": "POST /recalls/<recall_id>/consignees/<consignee_id>/late-returns",
    "recall_passed_prove": "POST /recalls/<recall_id>/passed/<passed_id>/files",
    "recall_passed_accept_unproved": "POST /recalls/<recall_id>/passed/<passed_id>/unproved",
    "recall_passed_send_again": "POST /recalls/<recall_id>/passed/<passed_id>/letters",
    "recall_consumers_again": "POST /recalls/<recall_id>/consumers/letters",
    "recall_send_again": "POST /recalls/<recall_id>/consignees/<consignee_id>/letters",
}
# What hands out a file or what such a page shows.
FILES = {
    "import_faults": "GET /imports/<import_id>/faults/file", "import_template": "GET /import-kinds/<kind>/template",
    "lots_export": "GET /exports/lots", "lot_trace": "GET /exports/lots/<lot_key>/trace",
    "trace": "GET /trace", "trace_export": "GET /exports/trace",
    "lot_scans_export": "GET /lots/<lot_key>/scan-doubts", "lot_events": "GET /lots/<lot_key>/events", "products_export": "GET /exports/products",
    "partners_export": "GET /exports/parties", "links_export": "GET /exports/links", "complaints": "GET /exports/complaints",
    "signal_causes_file": "GET /exports/signals/<signal_id>/causes",
    "recall_file": "GET /recalls/<recall_id>/files/<file_kind>/<file_version>/copies/<copy_name>",
    "recall_file_proof": "GET /recalls/<recall_id>/files/<file_kind>/<file_version>/proofs/<step_number>",
    "recall_package": "GET /recalls/<recall_id>/file-jobs/<made_id>/file", "recall_files": "GET /recalls/<recall_id>/files",
    "recall_preview": "GET /recalls/<recall_id>/notice", "recall_preview_file": "GET /recalls/<recall_id>/notice.pdf",
    "recall_letters_file": "GET /recalls/<recall_id>/letters.pdf", "recall_telling": "GET /recalls/<recall_id>/telling",
    "recall_ledger_file": "GET /exports/recalls/<recall_id>/ledger", "recalls": "GET /exports/recalls",
    "drill_file": "GET /exports/drills/<drill_id>", "capas": "GET /exports/capas", "capa_problems": "GET /exports/capa-problems", "capa_record": "GET /exports/capas/<capa_id>",
    "adverse_events": "GET /exports/adverse-events", "file": "GET /files/<attachment_id>",
    "lot_qr": "GET /lots/<lot_key>/qr.<form>", "lot_label_image": "GET /lots/<lot_key>/label.<form>",
    "print_job_file": "GET /lots/<lot_key>/print-jobs/<job_id>/file",
    "report_periodic_file": "GET /exports/periodic", "report_file": "GET /reports/<report_id>/files/<position>", "report_package": "GET /reports/<report_id>/package",
    "lot_print_log": "GET /lots/<lot_key>/print-log", "records_file": "GET /exports/records",
    "records_job_file": "GET /exports/records/jobs/<file_id>/file", "exchange_events": "GET /documents/<document_id>/events",
}
# An act without an operation of its own, and why.
CONSOLE_ALONE: dict[str, str] = {
    "exchange_new": "the standard's own interface has it: POST /epcis/capture",
    "exchange_subscription_new": "the standard's own interface has it: POST /epcis/queries/{name}/subscriptions",
    "exchange_subscription_end": "the standard's own interface has it: DELETE /epcis/queries/{name}/subscriptions/{id}"}
# Where an authority may read by the interface what it reads on pages of its own, the console asks for more.
OTHER_PERMISSION = {"recall_ledger_file": "recall.read", "recalls": "recall.read", "adverse_events": "export.run"}


def rules(console: Console, prefix: str) -> Iterator[Rule]:
    return (rule for rule in console.app.url_map.iter_rules() if rule.rule.startswith(prefix))


def operations(console: Console) -> dict[str, str]:
    """"METHOD /path" of every operation of the interface with its endpoint."""
    return {f"{method} {rule.rule.removeprefix('/api/v1')}": rule.endpoint for rule in rules(console, "/api/v1/")
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}


def test_every_act_of_the_console_has_an_operation_or_a_reason(console: Console) -> None:
    acts = {rule.endpoint.removeprefix("console.") for rule in rules(console, "/console")
            if "POST" in (rule.methods or ())}
    assert acts == set(ACTS) | set(CONSOLE_ALONE)
    assert not set(ACTS) & set(CONSOLE_ALONE) and all(CONSOLE_ALONE.values())


def test_every_address_of_a_file_has_an_operation(console: Console) -> None:
    named = {rule.endpoint.removeprefix("console.") for rule in rules(console, "/console")
             if re.search(r"/export$|\.json$|\.pdf$|\.<form>$|/files/|/trace$|/ledger$", rule.rule)}
    assert named <= set(FILES)


def test_an_operation_asks_for_the_permission_that_the_console_asks_for(console: Console) -> None:
    known, table = operations(console), console.app.extensions["permissions"]
    for name, operation in (ACTS | FILES).items():
        asked = OTHER_PERMISSION.get(name, table[f"console.{name}"])
        assert table[known[operation]] == asked, f"{name}: {operation}"


def test_every_change_of_something_that_has_versions_asks_for_the_version(console: Console) -> None:
    document = console.app.test_client().get("/api/openapi.json").get_json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in ("post", "put", "delete"):
                headers = {part["$ref"].rsplit("/", 1)[1] for part in operation["parameters"] if "$ref" in part}
                assert ("IdempotencyKey" in headers) == (method == "post"), path
                assert ("IfMatch" in headers) == ("(If-Match)" in operation["summary"]), path
            if method in ("get", "post", "put", "delete"):
                assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}, path
                assert operation["summary"], path


# A view that also writes beside the unit of work of its request, and why.
WRITES_BESIDE = {
    "capas.py:close": "an attempt to sign counts whatever comes of it",
    "recalls.py:sign_act": "an attempt to sign counts whatever comes of it",
    "recall_books.py:_signed": "an attempt to sign counts whatever comes of it",
    "reports.py:approve": "an attempt to sign counts whatever comes of it",
    "accounts.py:change_password": "an attempt counts whatever comes of it",
    "complaints.py:reveal": "its answer is personal and is kept under no key",
    "adverse_events.py:reveal": "its answer is personal and is kept under no key",
    "persons.py:search": "every search is recorded, a repetition with the same key too",
    "idempotency.py:unit_of_work": "it is the unit of work", "idempotency.py:session": "it is the unit of work",
}


def test_a_view_writes_in_the_unit_of_work_that_carries_its_key() -> None:
    found = {f"{path.name}:{node.name}" for path in Path(api.__file__).parent.glob("*.py")
             for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)
             and any(isinstance(inner, ast.Attribute) and inner.attr == "write" for inner in ast.walk(node))}
    assert found == set(WRITES_BESIDE)
