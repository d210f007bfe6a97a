//! Addresses and networks of clients.

use std::net::IpAddr;

use shared::http::client::Network;

#[test]
fn a_network_is_an_ipv4_address_or_the_64_of_an_ipv6_address() {
    for (address, network) in [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1", "fe80::/64"),
        ("::1", "::/64"),
    ] {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(Network::of(Some(address)).as_str(), network);
    }
    assert_eq!(Network::of(None).as_str(), "unknown");
}
