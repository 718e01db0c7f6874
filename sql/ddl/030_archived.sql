-- Grain: one row per fabric, day and table whose rows are in the archive and leave this file, or have left it. Changes
-- with the rows' removal: what a file of the archive has from left_until on doesn't count, since it is still here.
-- Read by: retention, what reads live and archived rows alike.
CREATE TABLE store.archived (
    fabric VARCHAR NOT NULL,
    day DATE NOT NULL, -- UTC
    table_name VARCHAR NOT NULL,
    row_count BIGINT NOT NULL, -- of the file
    left_until TIMESTAMPTZ NOT NULL, -- rows before this time have left
    sha256 VARCHAR NOT NULL -- of the file
);
