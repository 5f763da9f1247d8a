"""What alembic runs for each command. The connection comes from `radiosync.store.migrate`, there is no ini file."""

from alembic import context

from radiosync.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
