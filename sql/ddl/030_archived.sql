-- Grain: one row per fabric, day and table whose rows are in the archive and no more in this file. Changes with the
-- rows' removal: a file of the archive that isn't named here doesn't count, since its rows are still here.
-- Read by: retention, what reads live and archived rows alike.
CREATE TABLE store.archived (
    fabric VARCHAR NOT NULL,
    day DATE NOT NULL, -- UTC
    table_name VARCHAR NOT NULL,
    row_count BIGINT NOT NULL,
    sha256 VARCHAR NOT NULL -- of the file
);
