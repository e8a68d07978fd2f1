//! Precise numbers against tig-protocol.md section 17.

use tig_protocol::PreciseNumber;

#[test]
fn inverse_exponential_keeps_the_error_of_its_series() {
    let golden = [
        (0.0, "1000000000000000000"),
        (0.5, "606530659712633423"),
        (1.0, "367879441171442320"),
        (1.5, "223130160148429829"),
        (3.0, "49787068367863944"),
        (10.0, "134255613862873"),
    ];
    for (x, expected) in golden {
        let result = PreciseNumber::from_f64(x)
            .and_then(PreciseNumber::inverse_exp)
            .unwrap();
        assert_eq!(result.to_string(), expected, "e^-{x}");
    }
}
