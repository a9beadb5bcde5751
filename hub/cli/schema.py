"""`hub schema`: JSON Schema of the config files, for editors."""

from hub.cli.options import HERE, AsJson, Folder


def schema(*, project: Folder = HERE, json: AsJson = False) -> None:
    """Write the JSON Schema of every kind of config file to config/.schema, where editors look for it.

    A file that begins with `#:schema ./.schema/hub.json` is completed and checked by editors that know TOML.
    """
    from hub.cli.installed import schemas, write_schemas
    from hub.cli.show import as_json, line

    if json:
        as_json(schemas(project))
    else:
        line(f"Wrote {write_schemas(project)} files to {project / 'config' / '.schema'}")
