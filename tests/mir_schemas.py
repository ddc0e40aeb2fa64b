"""Schemas like those of the Commission for incident reports 7.2.1, written again from their names, order and limits.

The Commission's own do not ship. What follows a name: `!` it must be there, `!f` only in final reports, `!i` only in
initial and follow-up ones, `!l` in all but first ones, `!x` only in that of a case not to be reported; then its type: a length, `+` for not empty, `d` a date, `i` an integer, `c` code of 3 to 7, `C` of 3 to 8, `y`
yes or no, `n` digits, `m` decimal, `*` any number of it, `[…]` one of these words.
"""
from __future__ import annotations

from pathlib import Path

_NAMES = {
    "admin_info": """ncaName!+200 ncaEudamedNum50 ncaReportNo!l+50 refNumEudamed50 reportDate!d adverseEventDateFrom!d
        adverseEventDateTo!d mfrAwarenessDate!d reportType!t reportNextDate!id eventClassification!k contact_info!
        mfrRef!+50 ncaRefMultiDev50 ncaRefMultiDevLI*50 eudamedRefMultiDev50 eudamedRefMultiDevLI*50 mfrRefMultiDev50
        mfrRefMultiDevLI*50 ncaRefFSCA50 ncaRefFSCALI*50 eudamedRefFSCA50 eudamedRefFSCALI*50 mfrRefFSCA50
        mfrRefFSCALI*50 psrId50 psrIdLI*50 pmcfpmpfId50 pmcfpmpfIdLI*50""",
    "contact_info": "reporterMfr!",
    "reporterMfr": "statusReporter!s reporterDetails! mfrDetails! arDetails reporterOtherText50",
    "reporterDetails": """reporterOrgName!+200 reporterContactPersonFirstName!+50 reporterContactPersonSecondName!+50
        reporterOrgAddress200 reporterOrgStreet200 reporterOrgStreetNum200 reporterOrgCity!+50 reporterOrgCountry!2
        reporterOrgPOBox50 reporterOrgPostcode!+50 reporterOrgPhone!+50 reporterOrgEmailAddress!255""",
    "mfrDetails": """mfrName!+200 mfrSRN50 mfrContactPersonFirstName!+50 mfrContactPersonSecondName!+50 mfrAddress200
        mfrOrgStreet200 mfrOrgStreetNum200 mfrCity!+50 mfrCountry!2 mfrOrgPOBox50 mfrPostcode!+50 mfrPhone!+50
        mfrEmailAddress!255""",
    "arDetails": """ARName200 ARSRN50 ARContactPersonFirstName50 ARContactPersonSecondName50 ARAddress200 ARStreet200
        ARStreetNum200 ARCity50 ARCountry2 ARPOBox50 ARPostCode50 ARPhone50 AREmailAddress255""",
    "device_info": """udiDI50 udiPI50 udiDIBasic50 udiDIUnitUse50 nomenclatureSystem50 nomenclatureSystemOther50
        nomenclatureCode50 brandName!300 deviceDescription!4000 modelNum300 catalogNum50 serialNum1000 batchNum1000
        deviceSoftwareVer50 deviceFirmwareVer50 deviceMfrDate:d deviceExpiryDate:d ImplantedDateFrom:d ImplantedDateTo:d
        ExplantedDateFrom:d ExplantedDateTo:d implantFacilityName200 explantFacilityName200 nbIdNum:n nbCertNum50
        nbCertNumLI*50 deviceClassMDR:r deviceClassIVDR:v distribution deviceAccessories2000 deviceAssociated2000""",
    "distribution": "distributionEEA*2 distribution_all50 otherCountries4000 otherCountriesLI*50",
    "incident_info": "clinical_event_info! patient_info initial_reporter_info",
    "clinical_event_info": "eventDescription!9999 imdrfCodeChoice1!c " + " ".join(
        f"imdrfCodeChoice{number}:c" for number in range(2, 7)) + """ imdrfCodeMissing300 numPatientsInvolved:i
        currentDeviceLocation!l currentDeviceLocationOtherText300 deviceOperatorAtEvent:o deviceOperatorAtEventOther50
        deviceUsage:u deviceUsageOther50 patientRemedialAction9999""",
    "patient_info": " ".join(f"imdrf{kind}CodeChoice{number}:c" for kind in ("Clinical", "Health")
                             for number in range(1, 7)) + """ imdrfMissingCodeHealthEffect200 patientAgeAtEvent Gender:g
        massKG:m patientPriorMedication9999""",
    "patientAgeAtEvent": "numYears:i numMonths:i numDays:i",
    "initial_reporter_info": """initialReporterRole!p initialReporterRoleOther200 healthcareFacilityName200
        healthcareFacilityRepNum50 healthcareFacilityContactPersonFirstName50
        healthcareFacilityContactPersonSecondName50 healthcareFacilityAddress200 healthcareFacilityPhone50
        healthcareFacilityEmail255 healthcareFacilityCountry!2 healthcareFacilityStreet200 healthcareFacilityStreetNum200
        healthcareFacilityCity50 healthcareFacilityPOBox50 healthcareFacilityPostcode50""",
    "mfr_invest": """manufacturersPrelimAnalysis!i9999 manufacturersInitialCorrecAction9999 furtherInvestigations9999
        rootCauses!f9999 manufacturersWhyNotReportable!x9999 rootCauseConfirmed!fy riskAssReviewed!fy rationaleNoReview4000
        riskAssAdequate:y riskAssResults4000 imdrfTypeInvestigationCodeChoice1!fc """ + " ".join(
        f"imdrfTypeInvestigationCodeChoice{number}:c" for number in range(2, 9))
        + "".join(f" imdrfInvestigation{kind}CodeChoice{number}{'!fc' if number == 1 else ':c'}"
                  for kind in ("Findings", "Conclusion") for number in range(1, 7))
        + " imdrfMissingCodeCauseInvestigation9999 "
        + " ".join(f"imdrfComponentCodeChoice{number}:C" for number in range(1, 7))
        + """ imdrfMissingComponentCodes9999 correctiveAction!f9999 correctiveActionSchedule9999
        manufacturersFinalComments9999 similarIncidents""",
    "similarIncidents": """similarIncImdrfCodesAnnexA:y similarIncImdrfCodesAnnexC:y similarIncOtherReportingCodes:y
        similarIncOtherReportingCodesText2000 similarVariant!f50 similarVariantDetails4000 numberBasedOn!f200
        numberBasedOnOther300 timePeriodN!f timePeriodN-1 timePeriodN-2 timePeriodN-3 howWereDetermined2000""",
    **{f"timePeriodN{back}": """startDate:d endDate:d countrySimInc:i eeaChTrSimInc:i worldSimInc:i countrySimDev:i
        eeaChTrSimDev:i worldSimDev:i""" for back in ("", "-1", "-2", "-3")},
    "other_reporting_info": "AdditionalComments9999",
}
_WORDS = {
    "t": ("Initial", "Follow up", "Combined initial and final", "Final (Reportable incident)",
          "Final (Non-reportable incident)"),
    "k": ("Serious public health threat", "Death", "Unanticipated serious deterioration in state of health",
          "All other reportable incidents"),
    "s": ("Manufacturer",), "r": ("class III", "class IIb", "class IIa", "class I"),
    "v": ("class D", "class C", "class B", "class A"),
    "l": ("Healthcare facility/carer", "Patient/user", "In transit to manufacturer", "Manufacturer", "Distributor",
          "Discarded", "Remains implanted", "Unknown", "Other"),
    "o": ("Healthcare professional", "Patient/lay user", "Other"),
    "u": ("Initial use", "Reuse of a reusable medical device", "Reuse of a single use medical device",
          "Re-serviced/refurbished/fully refurbished", "Problem noted prior use", "Other"),
    "g": ("Male", "Female", "Other", "Unknown", "Not applicable"),
    "p": ("Healthcare professional", "Patient", "Lay user", "Other"), "y": ("Yes", "No"),
}
_KINDS = {"i": ("Initial", "Followup"), "f": ("FinalRep", "InitialFinal"), "x": ("FinalNonRep",),
          "l": ("Followup", "FinalRep", "FinalNonRep")}
_BASES = {"d": "xs:date", "i": "xs:integer", "m": "xs:decimal"}


def _type(kind: str) -> str:
    if kind in _BASES:
        return f'<xs:restriction base="{_BASES[kind]}"/>'
    if kind in _WORDS:
        inner = "".join(f'<xs:enumeration value="{word}"/>' for word in _WORDS[kind])
    elif kind in "cC":
        inner = f'<xs:minLength value="3"/><xs:maxLength value="{7 if kind == "c" else 8}"/>'
    elif kind == "n":
        inner = '<xs:pattern value="[0-9]+"/>'
    else:
        inner = ('<xs:minLength value="1"/>' if kind.startswith("+") else "") + (
            f'<xs:maxLength value="{kind.lstrip("+")}"/>' if kind.lstrip("+") != "9999" else "")
    return f'<xs:restriction base="xs:string">{inner}</xs:restriction>'


def _element(word: str, schema: str) -> str:
    name = word
    for stop in "!:*+":
        name = name.partition(stop)[0]
    bare = name if name in _NAMES else name.rstrip("0123456789") if ":" not in word and "!" not in word else name
    rest = word[len(bare):]
    least = 0
    if rest.startswith("!"):
        rest = rest[1:]
        only = rest[:1] if rest[:1] in _KINDS and len(rest) != 1 or rest == "f" else ""
        rest, least = rest[len(only):], int(only == "" or schema in _KINDS[only])
    most = "unbounded" if "*" in rest else "1"
    kind = rest.strip(":*")
    head = f'<xs:element name="{bare}" minOccurs="{least}" maxOccurs="{most}">'
    if bare in _NAMES:
        return f"{head}{_complex(bare, schema)}</xs:element>"
    return f"{head}<xs:simpleType>{_type(kind)}</xs:simpleType></xs:element>"


def _complex(name: str, schema: str) -> str:
    inner = "".join(_element(word, schema) for word in _NAMES[name].split())
    return f"<xs:complexType><xs:sequence>{inner}</xs:sequence></xs:complexType>"


def write_schemas(folder: Path, version: str = "7.2.1") -> Path:
    """The five schemas of a version in a folder; 7.3.1 as we suppose it to be."""
    parts = ("admin_info", "device_info", "incident_info", "mfr_invest", "other_reporting_info")
    for name in ("Initial", "Followup", "InitialFinal", "FinalRep", "FinalNonRep"):
        inner = "".join(f'<xs:element name="{part}" minOccurs="{int(part[0] != "o")}">{_complex(part, name)}'
                        "</xs:element>" for part in parts)
        if version == "7.3.1":
            inner = inner.replace('<xs:element name="reportType"', f"{_element('mfrReportabilityAwarenessDate:d', name)}"
                                  '<xs:element name="reportType"')
        (folder / f"incident-{name}-v{version}.xsd").write_text(
            '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="incident"><xs:complexType>'
            f'<xs:sequence>{inner}</xs:sequence><xs:attribute name="version"/><xs:attribute name="sCreateTimeStamp" '
            'type="xs:dateTime" use="required"/><xs:attribute name="sFormLanguage" use="required"/></xs:complexType>'
            "</xs:element></xs:schema>", encoding="utf-8")
    return folder
