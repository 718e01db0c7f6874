-- The lower half of an IPv4 address as tables hold it, IPv4-mapped (RFC 4291, section 2.5.5.2); null for any other text.
CREATE OR REPLACE MACRO main.ipv4_number(address) AS
CASE
    WHEN regexp_full_match(address, '((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])[.]){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])')
        THEN 281470681743360::UBIGINT
            + split_part(address, '.', 1)::UBIGINT * 16777216 + split_part(address, '.', 2)::UBIGINT * 65536
            + split_part(address, '.', 3)::UBIGINT * 256 + split_part(address, '.', 4)::UBIGINT
END;
