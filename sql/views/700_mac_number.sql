-- The number of a MAC address written as aa:bb:cc:dd:ee:ff, aa-bb-cc-dd-ee-ff, aabb.ccdd.eeff or aabbccddeeff; null for
-- any other text. What tables hold is a number, and only numbers are compared fast.
CREATE OR REPLACE MACRO main.mac_number(address) AS
CASE
    WHEN regexp_full_match(
        address, '[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}|[0-9a-fA-F]{4}([.][0-9a-fA-F]{4}){2}|[0-9a-fA-F]{12}'
    )
        THEN try_cast('0x' || system.main.regexp_replace(address, '[:.-]', '', 'g') AS UBIGINT)
END;
