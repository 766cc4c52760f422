//! The collections of the account: what may be sent, what must be, how they hang together, what a fresh object holds.
//!
//! Attributes that may be sent are those of the vendor's own specification; fresh objects have the attributes of its recorded
//! answers. Anything else that is sent is dropped without a word, as the vendor does.

use serde_json::Value;

/// A collection.
#[derive(Debug)]
pub(super) struct Resource {
    /// As it stands in a path, e.g. `workspaces`.
    pub(super) name: &'static str,
    /// The key of a body, e.g. `workspace`.
    pub(super) singular: &'static str,
    /// As references and events name it, e.g. `Workspace`.
    pub(super) class: &'static str,
    pub(super) create: &'static [&'static str],
    pub(super) update: &'static [&'static str],
    pub(super) needed: &'static [&'static str],
    pub(super) associations: &'static [Association],
    /// Query parameters that compare with an attribute.
    pub(super) filters: &'static [&'static str],
    /// What a fresh object holds, JSON.
    fresh: &'static str,
}

/// What `include=` may name.
#[derive(Debug)]
pub(super) struct Association {
    pub(super) name: &'static str,
    /// The attribute that holds the id or ids.
    pub(super) foreign_key: &'static str,
    pub(super) collection: &'static str,
    pub(super) kind: Kind,
}

/// How an association is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The object holds one id.
    One,
    /// The object holds ids.
    Many,
    /// The others hold this object's id in the attribute.
    Reverse(&'static str),
    /// The references whose subject this is.
    References,
    /// The custom field values whose subject this is.
    Values,
}

impl Resource {
    /// The collection of a path's segment.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        RESOURCES.iter().find(|resource| resource.name == name)
    }

    /// The collection of a class.
    pub(super) fn of_class(class: &str) -> Option<&'static Self> {
        RESOURCES.iter().find(|resource| resource.class == class)
    }
}

impl Resource {
    /// A fresh object, before anything is set.
    pub(super) fn fresh(&self) -> Value {
        serde_json::from_str(self.fresh).unwrap_or_default()
    }
}

const fn one(name: &'static str, foreign_key: &'static str, collection: &'static str) -> Association {
    Association { name, foreign_key, collection, kind: Kind::One }
}

const fn many(name: &'static str, foreign_key: &'static str, collection: &'static str) -> Association {
    Association { name, foreign_key, collection, kind: Kind::Many }
}

const REFERENCES: Association = Association {
    name: "external_references",
    foreign_key: "external_reference_ids",
    collection: "external_references",
    kind: Kind::References,
};

const VALUES: Association = Association {
    name: "custom_field_values",
    foreign_key: "custom_field_value_ids",
    collection: "custom_field_values",
    kind: Kind::Values,
};

/// The collection of external references, which has paths of its own.
pub(super) const EXTERNAL_REFERENCES: &str = "external_references";

/// Every collection.
pub(super) const RESOURCES: &[Resource] = &[
    Resource {
        name: "workspaces",
        singular: "workspace",
        class: "Workspace",
        create: &[
            "title",
            "creator_role",
            "budgeted",
            "description",
            "currency",
            "price",
            "start_date",
            "due_date",
            "consultant_role_name",
            "client_role_name",
            "access_level",
            "change_orders_enabled",
            "expenses_in_burn_rate",
            "posts_require_privacy_decision",
            "stories_are_fixed_fee_by_default",
            "rate_card_id",
            "require_expense_approvals",
            "require_time_approvals",
            "status_key",
            "workspace_group_ids",
            "primary_workspace_group_id",
            "approver_id",
            "target_margin",
            "tasks_default_non_billable",
            "external_link",
            "revenue_recognition_method",
            "primary_maven_id",
            "stage",
            "time_trackable",
        ],
        update: &[
            "title",
            "budgeted",
            "description",
            "archived",
            "access_level",
            "price",
            "start_date",
            "due_date",
            "posts_require_privacy_decision",
            "tasks_default_non_billable",
            "expenses_in_burn_rate",
            "rate_card_id",
            "client_role_name",
            "consultant_role_name",
            "stories_are_fixed_fee_by_default",
            "currency",
            "target_margin",
            "approver_id",
            "change_orders_enabled",
            "status_key",
            "workspace_group_ids",
            "primary_workspace_group_id",
            "external_link",
            "revenue_recognition_method",
            "stage",
            "time_trackable",
        ],
        needed: &["title", "creator_role"],
        associations: &[
            one("creator", "creator_id", "users"),
            one("primary_maven", "primary_maven_id", "users"),
            many("workspace_groups", "workspace_group_ids", "workspace_groups"),
            REFERENCES,
            VALUES,
        ],
        filters: &["archived", "stage"],
        fresh: include_str!("fresh/workspaces.json"),
    },
    Resource {
        name: "stories",
        singular: "story",
        class: "Story",
        create: &[
            "title",
            "story_type",
            "workspace_id",
            "description",
            "parent_id",
            "start_date",
            "archived",
            "due_date",
            "budget_estimate_in_cents",
            "time_estimate_in_minutes",
            "billable",
            "percentage_complete",
            "state",
            "fixed_fee",
            "weight",
            "priority",
            "time_trackable",
        ],
        update: &[
            "title",
            "story_type",
            "description",
            "parent_id",
            "start_date",
            "archived",
            "due_date",
            "budget_estimate_in_cents",
            "time_estimate_in_minutes",
            "billable",
            "percentage_complete",
            "state",
            "fixed_fee",
            "weight",
            "priority",
            "time_trackable",
        ],
        needed: &["title", "story_type", "workspace_id"],
        associations: &[
            one("workspace", "workspace_id", "workspaces"),
            one("parent", "parent_id", "stories"),
            one("creator", "creator_id", "users"),
            Association {
                name: "sub_stories",
                foreign_key: "sub_story_ids",
                collection: "stories",
                kind: Kind::Reverse("parent_id"),
            },
            REFERENCES,
            VALUES,
        ],
        filters: &["workspace_id", "parent_id", "story_type", "state", "archived"],
        fresh: include_str!("fresh/stories.json"),
    },
    Resource {
        name: "time_entries",
        singular: "time_entry",
        class: "TimeEntry",
        create: &[
            "workspace_id",
            "date_performed",
            "time_in_minutes",
            "billable",
            "notes",
            "rate_in_cents",
            "cost_rate_in_cents",
            "role_id",
            "story_id",
            "user_id",
            "location",
        ],
        update: &[
            "date_performed",
            "time_in_minutes",
            "billable",
            "notes",
            "rate_in_cents",
            "cost_rate_in_cents",
            "role_id",
            "story_id",
            "location",
        ],
        needed: &["workspace_id", "date_performed", "time_in_minutes"],
        associations: &[
            one("workspace", "workspace_id", "workspaces"),
            one("user", "user_id", "users"),
            one("story", "story_id", "stories"),
            REFERENCES,
        ],
        filters: &["workspace_id", "story_id", "user_id", "billable", "approved", "is_invoiced"],
        fresh: include_str!("fresh/time_entries.json"),
    },
    Resource {
        name: "expenses",
        singular: "expense",
        class: "Expense",
        create: &[
            "workspace_id",
            "date",
            "category",
            "amount_in_cents",
            "notes",
            "user_id",
            "billable",
            "story_id",
            "reimbursable",
        ],
        update: &["date", "category", "amount_in_cents", "notes", "user_id", "billable", "story_id"],
        needed: &["workspace_id", "date", "category", "amount_in_cents"],
        associations: &[
            one("workspace", "workspace_id", "workspaces"),
            one("user", "user_id", "users"),
            one("story", "story_id", "stories"),
            REFERENCES,
        ],
        filters: &["workspace_id", "story_id", "user_id", "category"],
        fresh: include_str!("fresh/expenses.json"),
    },
    Resource {
        name: "workspace_groups",
        singular: "workspace_group",
        class: "WorkspaceGroup",
        create: &["name", "company", "contact_name", "email", "phone_number", "address", "website", "notes"],
        update: &["name", "company", "contact_name", "email", "phone_number", "address", "website", "notes"],
        needed: &["name"],
        associations: &[REFERENCES, VALUES],
        filters: &["company"],
        fresh: include_str!("fresh/workspace_groups.json"),
    },
    Resource {
        name: "users",
        singular: "user",
        class: "User",
        create: &[],
        update: &["full_name", "headline", "email_address"],
        needed: &[],
        associations: &[REFERENCES, VALUES],
        filters: &["disabled", "email_address"],
        fresh: include_str!("fresh/users.json"),
    },
    Resource {
        name: "custom_fields",
        singular: "custom_field",
        class: "CustomField",
        create: &["name", "value_type", "default_text", "unique_constraint", "custom_field_set_id"],
        update: &["name", "default_text"],
        needed: &["name", "value_type"],
        associations: &[REFERENCES],
        filters: &["value_type"],
        fresh: include_str!("fresh/custom_fields.json"),
    },
    Resource {
        name: "custom_field_values",
        singular: "custom_field_value",
        class: "CustomFieldValue",
        create: &["subject_type", "subject_id", "custom_field_id", "value"],
        update: &["value"],
        needed: &["subject_type", "subject_id", "custom_field_id", "value"],
        associations: &[
            one("custom_field", "custom_field_id", "custom_fields"),
            one("setter", "setter_id", "users"),
        ],
        filters: &["subject_type", "subject_id", "custom_field_id"],
        fresh: include_str!("fresh/custom_field_values.json"),
    },
    Resource {
        name: EXTERNAL_REFERENCES,
        singular: "external_reference",
        class: "ExternalReference",
        create: &[
            "service_name",
            "service_model",
            "service_model_ref",
            "subject_id",
            "subject_type",
            "status",
            "external_link",
            "external_message",
            "external_status",
            "locked",
        ],
        update: &["status", "external_link", "external_message", "external_status", "locked"],
        needed: &["service_name", "service_model", "service_model_ref", "subject_id", "subject_type"],
        associations: &[],
        filters: &[
            "subject_type",
            "subject_id",
            "service_name",
            "service_model",
            "service_model_ref",
            "status",
            "external_status",
            "external_message",
        ],
        fresh: include_str!("fresh/external_references.json"),
    },
];
