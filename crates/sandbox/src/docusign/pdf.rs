//! A tiny PDF: the rendition of a document, with who signed and when. The same envelope gives the same bytes.

use serde_json::Value;

/// The PDF of a document of an envelope.
pub(super) fn of(envelope: &Value, document: &str) -> Vec<u8> {
    let mut lines = vec![
        envelope["emailSubject"].as_str().unwrap_or("Envelope").to_owned(),
        format!("Document {document}"),
        format!("Envelope {}", envelope["envelopeId"].as_str().unwrap_or_default()),
    ];
    for signer in envelope["recipients"]["signers"].as_array().into_iter().flatten() {
        let name = signer["name"].as_str().unwrap_or_default();
        if let Some(signed) = signer["signedDateTime"].as_str() {
            lines.push(format!("Signed by {name} at {signed}"));
        }
    }
    rendered(&lines)
}

fn rendered(lines: &[String]) -> Vec<u8> {
    let mut text = String::from("BT /F1 11 Tf 14 TL 56 780 Td\n");
    for line in lines {
        text.push_str(&format!("({}) Tj T*\n", escaped(line)));
    }
    text.push_str("ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut out = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(out.len());
        out.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let start = out.len();
    out.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for place in places {
        out.push_str(&format!("{place:010} 00000 n \n"));
    }
    out.push_str(&format!(
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    ));
    out.into_bytes()
}

/// Text inside a PDF string: ASCII only, parentheses and backslashes escaped.
fn escaped(line: &str) -> String {
    let mut out = String::new();
    for character in line.chars() {
        match character {
            '(' | ')' | '\\' => out.extend(['\\', character]),
            ' '..='~' => out.push(character),
            _ => out.push('?'),
        }
    }
    out
}
