"""`python -m hub.store.migrations "what changes"`: write the migration from the newest one to the models."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import URL

from hub.store.database import make_engine
from hub.store.schema import SCRIPTS, configuration, migrate


def main(message: str, scripts: str = SCRIPTS) -> None:
    """Compare the models with a store made by the present migrations, and write the difference as a new file."""
    with TemporaryDirectory() as folder:
        url = URL.create("sqlite", database=str(Path(folder) / "store.sqlite"))
        migrate(url)
        with make_engine(url, for_migration=True).connect() as connection:
            config = configuration(connection, scripts)
            config.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
            newest = ScriptDirectory.from_config(config).get_current_head()
            command.revision(config, message, autogenerate=True, rev_id=f"{int(newest or 0) + 1:04d}")


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "change")
