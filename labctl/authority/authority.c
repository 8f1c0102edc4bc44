/* The authority of a lab, and what it issues. */
#include "authority/authority.h"

#include <string.h>

#include "authority/certificate.h"
#include "authority/der.h"
#include "authority/key.h"
#include "base/arena.h"
#include "base/str.h"
#include "plan/plan.h"

#define AUTHORITY_BEGIN INT64_C(1577836800) /* 2020-01-01 */
#define AUTHORITY_END   INT64_C(4102444800) /* 2100-01-01 */

struct authority {
    struct plan *plan;
    struct arena *arena; /* scratch */
    struct subject root, issuing;
    struct key root_key, issuing_key;
    const char *issuing_pem;
};

static int put_certificate(const struct certificate *certificate, struct str *pem, struct error *err)
{
    STR_AUTO der = STR_INIT;
    if (certificate_write(certificate, &der, err) != 0)
        return -1;
    der_put_pem(pem, "CERTIFICATE", &der);
    return 0;
}

/* The two authorities; the root goes into the plan, for all nodes. */
static int establish(struct authority *authority, struct error *err)
{
    struct plan *plan = authority->plan;
    struct arena *arena = authority->arena;
    const char *lab = plan->lab;
    authority->root = (struct subject){lab, arena_printf(arena, "%s root authority", lab)};
    authority->issuing = (struct subject){lab, arena_printf(arena, "%s issuing authority", lab)};
    if (key_derive(arena_printf(arena, "root of %s", lab), &authority->root_key, err) != 0 ||
        key_derive(arena_printf(arena, "issuing authority of %s", lab), &authority->issuing_key, err) != 0)
        return -1;
    struct certificate root = {.subject = authority->root,
                               .issuer = authority->root,
                               .key = &authority->root_key,
                               .issuer_key = &authority->root_key,
                               .authority = true,
                               .not_before = AUTHORITY_BEGIN,
                               .not_after = AUTHORITY_END};
    struct certificate issuing = root;
    issuing.subject = authority->issuing;
    issuing.key = &authority->issuing_key;
    issuing.leaf_issuer = true;
    STR_AUTO root_pem = STR_INIT, issuing_pem = STR_INIT;
    if (put_certificate(&root, &root_pem, err) != 0 || put_certificate(&issuing, &issuing_pem, err) != 0)
        return -1;
    char hash[9];
    subject_hash(&authority->root, hash);
    plan->authority = arena_strdup(plan->arena, str_text(&root_pem));
    plan->authority_hash = arena_strdup(plan->arena, hash);
    authority->issuing_pem = arena_strdup(arena, str_text(&issuing_pem));
    return 0;
}

static void add_file(struct plan *plan, const struct plan_certificate *certificate, const char *path,
                     const struct str *content, uint32_t mode)
{
    struct plan_file *file = ARENA_PUSH(plan->arena, plan->files, plan->file_count);
    *file = (struct plan_file){.ns = certificate->ns,
                               .path = path,
                               .content = arena_strndup(plan->arena, str_text(content), content->length),
                               .length = content->length,
                               .mode = mode,
                               .origin = certificate->origin};
}

static int issue(struct authority *authority, const struct plan_certificate *request, struct error *err)
{
    struct plan *plan = authority->plan;
    STR_AUTO chain = STR_INIT, private = STR_INIT;
    struct key key;
    const char *seed = arena_printf(authority->arena, "%s of %s in %s", request->key_path,
                                    plan->namespaces[request->ns].name, plan->lab);
    if (key_derive(seed, &key, err) != 0)
        return -1;
    struct certificate certificate = {
        .subject = {plan->lab, request->name_count ? request->names[0] : NULL},
        .issuer = authority->issuing,
        .key = &key,
        .issuer_key = &authority->issuing_key,
        .names = request->names,
        .name_count = request->name_count,
        .not_before = request->not_before,
        .not_after = request->not_after,
    };
    if (request->self_signed) {
        certificate.issuer = certificate.subject;
        certificate.issuer_key = &key;
    }
    if (put_certificate(&certificate, &chain, err) != 0)
        return -1;
    if (!request->self_signed && !request->alone)
        str_append(&chain, authority->issuing_pem);
    key_put_pem(&key, &private);
    if (request->key_path != request->chain_path && strcmp(request->key_path, request->chain_path) != 0) {
        add_file(plan, request, request->chain_path, &chain, 0644);
        add_file(plan, request, request->key_path, &private, 0600);
        return 0;
    }
    str_append(&chain, str_text(&private));
    add_file(plan, request, request->chain_path, &chain, 0600);
    return 0;
}

/* What stands in the place of the root gets its name; without certificates there is no root. */
static void name_by_hash(struct plan *plan)
{
    size_t kept = 0;
    for (size_t i = 0; i < plan->file_count; i++) {
        struct plan_file file = plan->files[i];
        if (str_equal(file.path, PLAN_ROOT_BY_HASH)) {
            if (!plan->authority)
                continue;
            file.path = arena_printf(plan->arena, "/etc/ssl/certs/%s.0", plan->authority_hash);
        }
        plan->files[kept++] = file;
    }
    plan->file_count = kept;
}

int authority_issue(struct plan *plan, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct authority authority = {.plan = plan, .arena = arena};
    int result = plan->certificate_count == 0 ? 0 : establish(&authority, err);
    for (size_t i = 0; result == 0 && i < plan->certificate_count; i++)
        result = issue(&authority, &plan->certificates[i], err);
    name_by_hash(plan);
    return result;
}
