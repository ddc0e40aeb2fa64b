"""The Core Business Vocabulary 2.0: which words there are, and one word for every way of writing them.

Source: CBV 2.0, chapter 7; EPCIS 2.0, JSON schema.
"""
from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BIZ_STEPS = _words(
    "accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting"
    " decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting"
    " installing killing loading other packing picking receiving removing repackaging repairing replacing reserving"
    " retail_selling sampling sensor_reporting shipping staging_outbound stock_taking stocking storing transporting"
    " unloading unpacking void_shipping"
)
DISPOSITIONS = _words(
    "active available completeness_inferred completeness_verified conformant container_closed container_open damaged"
    " destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_class mismatch_instance"
    " mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other partially_dispensed"
    " recalled reserved retail_sold returned sellable_accessible sellable_not_accessible stolen unavailable"
    " unknown"
)
TRANSACTION_TYPES = _words("bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt")
PARTY_TYPES = frozenset({"owning_party", "possessing_party", "location"})
ERROR_REASONS = frozenset({"did_not_occur", "incorrect_data"})
COMPONENTS = _words(
    "x y z axial_distance azimuth height spherical_radius polar_angle elevation_angle easting northing latitude"
    " longitude altitude"
)
ALERTS = frozenset({"ALARM_CONDITION", "ERROR_CONDITION"})
MEASUREMENTS = _words(
    "AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Altitude AmountOfSubstance"
    " AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity Area Capacitance"
    " Conductance Conductivity Count Density Dimensionless DoseEquivalent DoseEquivalentRate DynamicViscosity"
    " ElectricCharge ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy Exposure Force Frequency"
    " Illuminance Inductance Irradiance KinematicViscosity Length LinearMomentum Luminance LuminousFlux"
    " LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass MassConcentration MassFlowRate"
    " MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass MolarVolume Power Pressure RadiantFlux"
    " RadiantIntensity Radioactivity RelativeHumidity Resistance Resistivity SolidAngle SpecificVolume Speed"
    " SurfaceDensity SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate VolumeFraction"
    " VolumetricFlux Wavenumber"
)

CBV = "https://ref.gs1.org/cbv/"
WEB_VOCABULARY = "https://gs1.org/voc/"
# kind: (words, start of the web URI, start of the older URN)
KINDS: dict[str, tuple[frozenset[str], str, str]] = {
    "bizStep": (BIZ_STEPS, CBV + "BizStep-", "urn:epcglobal:cbv:bizstep:"),
    "disposition": (DISPOSITIONS, CBV + "Disp-", "urn:epcglobal:cbv:disp:"),
    "bizTransaction": (TRANSACTION_TYPES, CBV + "BTT-", "urn:epcglobal:cbv:btt:"),
    "party": (PARTY_TYPES, CBV + "SDT-", "urn:epcglobal:cbv:sdt:"),
    "reason": (ERROR_REASONS, CBV + "ER-", "urn:epcglobal:cbv:er:"),
    "component": (COMPONENTS, CBV + "Comp-", "urn:epcglobal:cbv:comp:"),
    "measurement": (MEASUREMENTS, WEB_VOCABULARY, "urn:epcglobal:cbv:measurement:"),
    "alert": (ALERTS, WEB_VOCABULARY, "urn:epcglobal:cbv:alert:"),
}
_SAME_CBV = re.compile(r"https?://(?:www\.)?(?:ref|ns)\.gs1\.org/cbv/|https?://ns\.gs1\.org/voc/(?=[A-Z][A-Za-z]*-)|cbv:")
_SAME_VOC = re.compile(r"https?://(?:www\.)?(?:ref\.|ns\.)?gs1\.org/voc/|gs1:")


def word_of(kind: str, value: str) -> str:
    """The bare CBV word that `value` means, whichever way it is written; `value` itself where it means none.

    `kind` is a key of KINDS: `cbv:BizStep-shipping`, `urn:epcglobal:cbv:bizstep:shipping` and
    `https://ref.gs1.org/cbv/BizStep-shipping` are all `shipping`.
    """
    words, web, urn = KINDS[kind]
    if ":" not in value:
        return value
    full = web_form(value)
    for start in (web, urn):
        if full.startswith(start) and full[len(start):] in words:
            return full[len(start):]
    return value


def uri_of(kind: str, value: str) -> str:
    """The full web URI of a CBV word however written; `value` with GS1's own prefixes spelt out otherwise."""
    words, web, _urn = KINDS[kind]
    word = word_of(kind, value)
    return web + word if word in words else web_form(value)


def web_form(value: str) -> str:
    """`value` with the prefixes and older hosts of GS1's two vocabularies replaced by the present ones."""
    match = _SAME_CBV.match(value)
    if match:
        return CBV + value[match.end():]
    match = _SAME_VOC.match(value)
    if match:
        return WEB_VOCABULARY + value[match.end():]
    return value


def is_gs1_owned(value: str) -> bool:
    """True for a URI in a namespace where only GS1 may add words."""
    return value.startswith("urn:epcglobal:cbv:") or web_form(value).startswith((CBV, WEB_VOCABULARY))
