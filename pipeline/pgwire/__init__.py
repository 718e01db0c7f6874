"""The PostgreSQL wire protocol over the store: who may ask what, and how it goes over the wire."""
