-- An address from its two halves: IPv4-mapped as dotted quad, IPv6 after RFC 5952; null stays null.
CREATE OR REPLACE MACRO main.ip_text(ip_hi, ip_lo) AS
CASE
    WHEN ip_hi = 0 AND ip_lo >> 32 = 65535
        THEN printf('%d.%d.%d.%d', (ip_lo >> 24) & 255, (ip_lo >> 16) & 255, (ip_lo >> 8) & 255, ip_lo & 255)
    ELSE ipv6_compressed(printf(
        ':%x:%x:%x:%x:%x:%x:%x:%x:',
        ip_hi >> 48, (ip_hi >> 32) & 65535, (ip_hi >> 16) & 65535, ip_hi & 65535,
        ip_lo >> 48, (ip_lo >> 32) & 65535, (ip_lo >> 16) & 65535, ip_lo & 65535
    ))
END;
