//! SMTP as octets: replies, EHLO replies, enhanced status codes, the commands we send.
