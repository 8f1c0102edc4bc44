/* labctl probe */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "load/load.h"
#include "model/check.h"
#include "report/metrics.h"
#include "score/verdict.h"

/* "count=100" and "--count 100" are the same; a word without '=' that is no value of an option is the short form.  0,
 * or the exit status. */
static int read_words(struct context *context, int from, json_t *params)
{
    json_t *keys = json_object();
    json_object_set_new(params, "keys", keys);
    for (int i = from; i < context->argc; i++) {
        const char *word = context->argv[i];
        bool option = str_starts(word, "--") && word[2] != '\0';
        const char *name = option ? word + 2 : word, *equals = strchr(name, '=');
        size_t length = strcspn(name, "=");
        bool key = option || (equals && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == length);
        if (!key && json_object_get(params, "what"))
            return cmd_usage(context, "'%s' is one word too many; keys are written KEY=VALUE", word);
        if (!key) {
            json_object_set_new(params, "what", json_string(word));
            continue;
        }
        const char *value = equals ? equals + 1 : i + 1 < context->argc ? context->argv[++i] : NULL;
        if (!value)
            return cmd_usage(context, "option '%s' needs a value", word);
        STR_AUTO spelled = STR_INIT;
        str_append_bytes(&spelled, name, length);
        for (char *c = spelled.data; c && *c; c++)
            *c = *c == '-' ? '_' : *c;
        json_object_set_new(keys, str_text(&spelled), json_string(value));
    }
    return 0;
}

static void print_probe(const json_t *probe)
{
    enum verdict verdict = verdict_from_name(client_text(probe, "verdict"));
    printf("%s  %s\n", verdict == VERDICT_FAIL ? "FAIL" : verdict_name(verdict), client_text(probe, "asked"));
    printf("  expected  %s\n", client_text(probe, "expected"));
    printf("  seen      %s  (%.0f ms)\n", client_text(probe, "seen"),
           json_number_value(json_object_get(probe, "duration_ms")));
}

/* Without a verdict there is nothing that a graph could show: the words go to stderr. */
static void print_metrics(const struct context *context, const json_t *reply)
{
    const json_t *metrics = json_object_get(reply, "metrics"), *probe = json_object_get(reply, "probe");
    STR_AUTO text = STR_INIT;
    if (!metrics && !context->quiet)
        fprintf(stderr, "labctl: %s: no verdict: %s\n", client_text(probe, "asked"), client_text(probe, "seen"));
    if (metrics)
        metrics_write(metrics, &text);
    fputs(str_text(&text), stdout);
}

static int run(struct context *context)
{
    int status = cmd_operands(context, 1, -1);
    if (status != 0)
        return status;
    const char *kind = context->argv[0];
    bool everybody = str_equal(kind, check_kind_name(CHECK_MATRIX)); /* nobody asks */
    enum check_kind known;
    if (load_check_kind(kind, &known) && !everybody && (context->argc < 2 || str_starts(context->argv[1], "--")))
        return cmd_usage(context, "'probe %s' needs the node that measures", kind);
    json_t *params = json_pack("{s:s, s:b}", "kind", kind, "metrics", context->format == FORMAT_PROMETHEUS);
    json_t *reply = NULL;
    if (!everybody && context->argc > 1)
        json_object_set_new(params, "from", json_string(context->argv[1]));
    status = read_words(context, everybody ? 1 : 2, params);
    if (status != 0) {
        json_decref(params);
        return status;
    }
    struct error err = ERROR_INIT;
    if (client_call(context, "probe", params, &reply, &err) != 0)
        return cmd_fail(context, &err);
    json_t *probe = json_object_get(reply, "probe");
    enum verdict verdict = verdict_from_name(client_text(probe, "verdict"));
    if (context->format == FORMAT_JSON) {
        json_t *out = json_pack("{s:i, s:O}", "version", 1, "probe", probe);
        client_print_json(out);
        json_decref(out);
    } else if (context->format == FORMAT_PROMETHEUS) {
        print_metrics(context, reply);
    } else {
        print_probe(probe);
    }
    json_decref(reply);
    static const int statuses[] = {
        [VERDICT_PASS] = 0, [VERDICT_FAIL] = 1, [VERDICT_ERROR] = 5, [VERDICT_UNSUPPORTED] = 3};
    return statuses[verdict];
}

const struct command command_probe = {
    .name = "probe",
    .group = "looking",
    .synopsis = "probe KIND FROM [WHAT] [KEY=VALUE…]",
    .summary = "One measurement: any kind of check, from any node, without a file",
    .description =
        "KIND is a kind of check (labctl-topology(5)), FROM the node that measures or is looked at, WHAT its short\n"
        "form, and KEY=VALUE (or --KEY VALUE) any of its keys, VALUE as in YAML:\n"
        "  labctl probe tcp web db:5432\n"
        "  labctl probe ping a b --count 100 --loss-below 1%\n"
        "  labctl probe dns web www.shop.test server=203.0.113.53 transport=tcp\n"
        "  labctl probe path web db 'via=[r1, r2]' symmetric=true\n"
        "  labctl probe matrix all\n"
        "Without an expectation the kind's default one is judged.\n"
        "\n"
        "With --format prometheus it is told by the metrics of Prometheus' blackbox exporter; its modules' names "
        "icmp,\n"
        "tcp_connect and http_2xx stand for ping, tcp and http (a status 2xx, behind up to 10 redirects):\n"
        "  labctl probe http_2xx web http://shop.test/ --format prometheus\n"
        "\n"
        "Exit status: 0 as expected, 1 not, 5 an error and so no verdict, 3 this machine cannot measure it.",
    .prometheus = true,
    .own_words = true,
    .run = run,
};
