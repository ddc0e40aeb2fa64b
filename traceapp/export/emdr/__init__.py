"""Medical device reports to the FDA: Form 3500A as an HL7 ICSR (Release 1) message. Pure."""
