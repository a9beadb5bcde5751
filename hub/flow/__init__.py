"""The steps, a module each: extract, land, identify, profile, segment, audience, deliver. None knows another."""
