"""The steps, a module each: extract, land, identify, profile, segment, audience, deliver. They do not know each other."""
