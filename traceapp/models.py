"""Every table of the product in one import, for migrations, tests and the start of a process."""
from traceapp.adverse_event import decision_model as adverse_event_decisions
from traceapp.adverse_event import group_model as groups
from traceapp.adverse_event import group_rule_model as group_rules
from traceapp.adverse_event import model as adverse_event
from traceapp.attachment import model as attachment
from traceapp.audit import model as audit
from traceapp.capa import model as capa
from traceapp.catalog import model as catalog
from traceapp.code import model as code
from traceapp.code import print_model as printing
from traceapp.complaint import clock_model as service_clocks
from traceapp.complaint import compensation_model as compensations
from traceapp.complaint import crisis_model as crises
from traceapp.complaint import list_model as code_lists
from traceapp.complaint import model as complaint
from traceapp.complaint import promise_model as promises
from traceapp.complaint import return_model as returns
from traceapp.db import Base
from traceapp.identity import model as identity
from traceapp.importing import model as importing
from traceapp.outbox import model as outbox
from traceapp.recall import book_model as recall_books
from traceapp.recall import classification_model as recall_classes
from traceapp.recall import drill_model as drills
from traceapp.recall import follow_model as recall_following
from traceapp.recall import model as recall
from traceapp.recall import public_model as recall_notices
from traceapp.recall import telling_model as telling
from traceapp.recall import untold_model as untold_despatches
from traceapp.submission import model as submission
from traceapp.submission import periodic_model as periodic_clocks
from traceapp.submission import recall_file_model as recall_files
from traceapp.submission import report_model as reports
from traceapp.surveillance import cause_model as causes
from traceapp.surveillance import drift_model as drifts
from traceapp.surveillance import fit_model as detection_fits
from traceapp.surveillance import model as surveillance
from traceapp.surveillance import plan_model as plans
from traceapp.surveillance import screen_model as screens
from traceapp.surveillance import watch_model as watching
from traceapp.trace import model as trace
from traceapp.trace import query_model as epcis
from traceapp.trace import sensor_model as sensors
from traceapp.vault import model as vault
from traceapp.worklist import clock_model as legal_clocks
from traceapp.worklist import model as worklist
from traceapp.worklist import roster_model as roster

metadata = Base.metadata

__all__ = ["adverse_event", "adverse_event_decisions", "attachment", "audit", "capa", "catalog", "causes", "code",
           "code_lists", "compensations", "complaint", "crises", "detection_fits", "drifts", "drills", "epcis",
           "group_rules", "groups", "identity", "importing", "legal_clocks", "metadata", "outbox", "periodic_clocks",
           "plans", "printing", "promises", "recall", "recall_books", "recall_classes", "recall_files",
           "recall_following", "recall_notices", "reports", "returns", "roster", "screens", "sensors", "service_clocks",
           "submission", "surveillance", "telling", "trace", "untold_despatches", "vault", "watching", "worklist"]
