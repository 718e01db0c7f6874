-- A MAC address as aa:bb:cc:dd:ee:ff; null stays null.
CREATE OR REPLACE MACRO main.mac_text(mac) AS
printf(
    '%02x:%02x:%02x:%02x:%02x:%02x',
    mac >> 40, (mac >> 32) & 255, (mac >> 24) & 255, (mac >> 16) & 255, (mac >> 8) & 255, mac & 255
);
