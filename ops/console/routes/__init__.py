"""The other routes than a call: papers, visits, appointments, certifying agents."""
