/* Writing DER, and PEM around it. */
#include "authority/der.h"

#include <stdbool.h>
#include <time.h>

#include "base/str.h"

#define PEM_LINE 64 /* RFC 7468, 2 */

void der_put(struct str *out, unsigned tag, const void *content, size_t length)
{
    str_append_char(out, (char)tag);
    if (length >= 0x80) { /* the long form: how many bytes of length, then these */
        unsigned size = length > 0xffff ? 3 : length > 0xff ? 2 : 1;
        str_append_char(out, (char)(0x80 | size));
        while (size-- > 0)
            str_append_char(out, (char)(length >> (8 * size)));
    } else {
        str_append_char(out, (char)length);
    }
    str_append_bytes(out, content, length);
}

void der_wrap(struct str *out, unsigned tag, const struct str *content)
{
    der_put(out, tag, str_text(content), content->length);
}

void der_put_natural(struct str *out, const uint8_t *bytes, size_t length)
{
    STR_AUTO number = STR_INIT;
    while (length > 1 && *bytes == 0) {
        bytes++;
        length--;
    }
    if (*bytes & 0x80) /* else it would be negative */
        str_append_char(&number, 0);
    str_append_bytes(&number, bytes, length);
    der_wrap(out, DER_INTEGER, &number);
}

void der_put_bits(struct str *out, const void *bytes, size_t length)
{
    STR_AUTO bits = STR_INIT;
    str_append_char(&bits, 0); /* no bit of the last byte is unused */
    str_append_bytes(&bits, bytes, length);
    der_wrap(out, DER_BIT_STRING, &bits);
}

void der_put_time(struct str *out, int64_t time)
{
    time_t seconds = (time_t)time;
    struct tm parts;
    char text[20];
    gmtime_r(&seconds, &parts);
    bool far = parts.tm_year >= 150;
    size_t length = strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &parts), century = far ? 0 : 2;
    der_put(out, far ? DER_GENERALIZED_TIME : DER_UTC_TIME, text + century, length - century);
}

void der_put_pem(struct str *out, const char *label, const struct str *der)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *bytes = (const unsigned char *)str_text(der);
    str_printf(out, "-----BEGIN %s-----\n", label);
    for (size_t i = 0; i < der->length; i += 3) {
        size_t rest = der->length - i;
        unsigned triple =
            (unsigned)bytes[i] << 16 | (rest > 1 ? bytes[i + 1] : 0u) << 8 | (rest > 2 ? bytes[i + 2] : 0u);
        for (unsigned digit = 0; digit < 4; digit++)
            str_append_char(out, digit > rest ? '=' : digits[triple >> (18 - 6 * digit) & 63]);
        if ((i / 3 + 1) % (PEM_LINE / 4) == 0 || rest <= 3)
            str_append_char(out, '\n');
    }
    str_printf(out, "-----END %s-----\n", label);
}
