//! Dialogues with mail servers, as transcripts: literal octets in, literal observations out.
//!
//! Each is played with the server's octets whole, cut by 7 and cut by 1, and must give the same observations each
//! time. `cargo test` plays them natively; the exported functions let Node play the very same ones in WebAssembly.

mod any_client;
mod play;
mod server;

mod broken;
mod endings;
mod raw;
mod starttls;
mod tls;
mod turns;
mod whole;

use play::{Cut, Play};
use wasm_bindgen::prelude::wasm_bindgen;

macro_rules! dialogues {
    ($($topic:ident { $($name:ident),* $(,)? })*) => {
        /// Every dialogue by name.
        const DIALOGUES: &[(&str, fn(&mut Play))] =
            &[$($((concat!(stringify!($topic), "::", stringify!($name)), $topic::$name)),*),*];

        #[cfg(test)]
        mod native {
            $(mod $topic {
                $(mod $name {
                    use crate::play::{Cut, Play};
                    #[test]
                    fn whole() { Play::perform(crate::$topic::$name, Cut::Whole); }
                    #[test]
                    fn by_7() { Play::perform(crate::$topic::$name, Cut::By(7)); }
                    #[test]
                    fn by_1() { Play::perform(crate::$topic::$name, Cut::By(1)); }
                })*
            })*
        }
    };
}

dialogues! {
    whole {
        starttls_with_tls_1_3,
        starttls_with_tls_1_2,
        second_hello_refused_with_503,
        greeting_after_30_seconds,
        greeting_after_30_seconds_inside_tls,
        implicit_tls,
        no_starttls,
        helo_only,
        teaser_before_the_greeting,
        lower_case_keywords_and_bare_line_feeds,
        client_certificate_asked_for,
        three_ports_at_once,
    }
    starttls {
        refused_for_now,
        refused_with_421,
        hang_up,
        injected_reply_before_tls,
        change_cipher_spec_before_the_server_hello,
        clear_text_instead_of_tls,
        injected_reply_and_no_tls,
        two_replies_to_starttls_and_a_hang_up,
    }
    tls {
        hello_retry_request,
        cookie_that_holds_a_command,
        hang_up_at_the_second_hello,
        silence_at_the_second_hello,
        reset_at_the_second_hello,
        alert_at_the_second_hello,
        signature_of_another_key_in_tls_1_3,
        signature_of_another_key_in_tls_1_2,
        key_that_is_not_verified_in_tls_1_3,
        key_that_is_not_verified_in_tls_1_2,
        alert_in_the_handshake,
        broken_record,
        hang_up_in_the_handshake,
        reset_in_the_handshake,
        hang_up_after_the_first_server_hello,
        alert_after_the_first_certificate,
        reset_after_the_handshake,
        warning_before_the_flight_of_tls_1_2,
        warning_before_the_flight_of_tls_1_3,
        handshake_one_octet_at_a_time,
        hang_up_after_a_warning,
        end_of_the_relay_in_the_handshake,
        clear_text_on_an_implicit_tls_port,
        one_line_without_an_end_on_an_implicit_tls_port,
        tls_alert_on_a_clear_text_port,
        close_notify_before_the_reply,
        clear_text_inside_tls,
        clear_text_after_quit,
        clear_text_inside_tls_as_long_as_it_is_kept,
    }
    raw {
        tls_1_0_with_rsa_key_transport,
        ssl_3_0,
        finite_field_of_1024_bits,
        export_with_an_rsa_key_of_512_bits,
        export_over_a_finite_field_of_512_bits,
        anonymous_over_p256,
        unrecognized_name_as_a_warning,
        unrecognized_name_as_a_refusal,
        hang_up_after_the_server_hello,
        alert_after_the_certificate,
        application_data_after_the_certificate,
        suite_that_was_not_offered,
        version_that_was_not_offered,
        refused_as_well,
        hang_up_at_the_name,
        after_starttls,
    }
    broken {
        http,
        imap,
        pop3,
        ssh,
        page_instead_of_a_greeting,
        reply_without_a_code,
        replies_of_many_lines,
        reply_without_end,
        replies_as_long_as_they_may_be,
        line_without_end,
        noise_without_end,
        mixed_codes,
        greeting_421,
        greeting_554,
        greetings_of_a_code_alone,
        ehlo_refused_for_now,
        ehlo_and_helo_refused,
    }
    turns {
        reply_before_ehlo,
        part_of_a_reply_before_ehlo,
        part_of_a_reply_that_never_ends,
        many_replies_before_ehlo,
        noise_before_ehlo,
        reply_before_helo,
        reply_before_starttls,
        reply_before_quit,
        greeting_inside_tls_before_ehlo,
        reply_inside_tls_before_quit,
        closing_before_ehlo,
        closing_before_starttls,
        closing_before_quit,
        one_reply_too_many_in_the_end,
        quit_answered_with_250,
    }
    endings {
        refused,
        name_not_found,
        dialling_takes_too_long,
        no_greeting,
        half_a_greeting,
        greeting_one_octet_at_a_time,
        hang_up_in_the_middle_of_a_reply,
        reset,
        quit_unanswered,
        quit_answered_one_octet_at_a_time,
        quit_answered_with_noise_one_octet_at_a_time,
        quit_answered_twice_one_octet_at_a_time,
        quit_answered_by_hanging_up,
        whole_time_over,
        whole_time_over_within_a_line,
        no_greeting_inside_tls,
        half_a_greeting_inside_tls,
        half_a_greeting_with_the_end_of_the_handshake,
    }
}

const CUTS: [Cut; 3] = [Cut::Whole, Cut::By(7), Cut::By(1)];

/// How many dialogues there are, each cut counted.
#[wasm_bindgen]
pub fn dialogue_count() -> usize {
    DIALOGUES.len() * CUTS.len()
}

/// The name of a dialogue, its cut included; `index` is below [`dialogue_count`].
#[wasm_bindgen]
pub fn dialogue_name(index: usize) -> String {
    let (name, _) = DIALOGUES[index / CUTS.len()];
    format!("{name}::{}", CUTS[index % CUTS.len()])
}

/// Plays a dialogue; `index` is below [`dialogue_count`]. Throws where an observation is not the expected one.
#[wasm_bindgen]
pub fn dialogue_run(index: usize) {
    #[cfg(target_family = "wasm")]
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&panic.to_string())));
    let (_, dialogue) = DIALOGUES[index / CUTS.len()];
    Play::perform(dialogue, CUTS[index % CUTS.len()]);
}
