-- Which days have left the file for the archive: none had, before.
CREATE TABLE store.archived (
    fabric VARCHAR NOT NULL,
    day DATE NOT NULL,
    table_name VARCHAR NOT NULL,
    row_count BIGINT NOT NULL,
    left_until TIMESTAMPTZ NOT NULL,
    sha256 VARCHAR NOT NULL
);
