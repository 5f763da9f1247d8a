"""An independent reader of version 1 of the protocol, written from its specification alone."""
