//! The record types of the account: their fields, what must be filled, what refers to what.
//!
//! Names are those of the REST record service. The account is a OneWorld account (every customer belongs to a subsidiary)
//! with numbered entities, and writes dates as YYYY-MM-DD in queries.

/// A record type.
#[derive(Debug)]
pub(super) struct RecordType {
    /// As it stands in the path, e.g. `billingSchedule`.
    pub(super) name: &'static str,
    /// As error texts name it.
    pub(super) label: &'static str,
    /// What a caller may do with it.
    pub(super) access: Access,
    pub(super) fields: &'static [Field],
    pub(super) sublists: &'static [Sublist],
}

/// What a caller may do with a record type.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Access {
    Full,
    /// Set up by the account's administrator.
    Read,
}

/// A field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// As error texts name it.
    pub(super) label: &'static str,
    pub(super) kind: Kind,
    pub(super) needed: bool,
}

/// What a field holds.
#[derive(Debug)]
pub(super) enum Kind {
    /// Text of so many characters at most.
    Text(usize),
    Number,
    Flag,
    Date,
    /// A record of one of these types.
    Reference(&'static [&'static str]),
    /// One of a fixed list of internal ids.
    Choice(&'static [&'static str]),
    /// Set by the system.
    Fixed,
}

/// A list of lines inside a record.
#[derive(Debug)]
pub(super) struct Sublist {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    /// The field that tells one line from another; lines sent without it are added.
    pub(super) line_key: &'static str,
    pub(super) needed: bool,
    pub(super) fields: &'static [Field],
}

impl RecordType {
    /// The type of this name, as it stands in a path.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        TYPES.iter().find(|known| known.name == name)
    }

    /// A field, in any case.
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().chain(SYSTEM_FIELDS).find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// A sublist.
    pub(super) fn sublist(&self, name: &str) -> Option<&'static Sublist> {
        self.sublists.iter().find(|sublist| sublist.name == name)
    }

    /// Whether it is a transaction, which SuiteQL keeps in one table.
    pub(super) fn is_transaction(&self) -> bool {
        matches!(self.name, "invoice" | "salesOrder")
    }
}

/// Whether the name is that of a field that the firm added.
pub(super) fn is_custom(name: &str) -> bool {
    ["custentity", "custbody", "custcol", "custrecord", "custitem"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

const fn text(name: &'static str, label: &'static str, length_max: usize) -> Field {
    Field { name, label, kind: Kind::Text(length_max), needed: false }
}

const fn number(name: &'static str, label: &'static str) -> Field {
    Field { name, label, kind: Kind::Number, needed: false }
}

const fn flag(name: &'static str, label: &'static str) -> Field {
    Field { name, label, kind: Kind::Flag, needed: false }
}

const fn date(name: &'static str, label: &'static str) -> Field {
    Field { name, label, kind: Kind::Date, needed: false }
}

const fn reference(name: &'static str, label: &'static str, types: &'static [&'static str]) -> Field {
    Field { name, label, kind: Kind::Reference(types), needed: false }
}

const fn choice(name: &'static str, label: &'static str, ids: &'static [&'static str]) -> Field {
    Field { name, label, kind: Kind::Choice(ids), needed: false }
}

const fn fixed(name: &'static str, label: &'static str) -> Field {
    Field { name, label, kind: Kind::Fixed, needed: false }
}

impl Field {
    const fn needed(mut self) -> Self {
        self.needed = true;
        self
    }
}

/// Fields of every record.
pub(super) const SYSTEM_FIELDS: &[Field] = &[
    fixed("id", "Internal ID"),
    text("externalId", "External ID", 255),
    fixed("dateCreated", "Date Created"),
    fixed("lastModifiedDate", "Last Modified Date"),
    flag("isInactive", "Inactive"),
];

const ITEM_LINES: Sublist = Sublist {
    name: "item",
    label: "Items",
    line_key: "line",
    needed: true,
    fields: &[
        reference("item", "Item", &["serviceSaleItem"]).needed(),
        number("quantity", "Quantity"),
        number("rate", "Rate"),
        number("amount", "Amount"),
        text("description", "Description", 4_000),
        number("line", "Line"),
    ],
};

const NAMED: &[Field] = &[text("name", "Name", 83).needed(), text("symbol", "Symbol", 3)];

/// Every type that the account has.
pub(super) const TYPES: &[RecordType] = &[
    RecordType {
        name: "customer",
        label: "Customer",
        access: Access::Full,
        fields: &[
            text("companyName", "Company Name", 83).needed(),
            text("entityId", "Customer ID", 83),
            flag("isPerson", "Type"),
            reference("subsidiary", "Primary Subsidiary", &["subsidiary"]).needed(),
            reference("currency", "Primary Currency", &["currency"]),
            reference("terms", "Terms", &["term"]),
            text("email", "Email", 254),
            text("phone", "Phone", 32),
            text("url", "Web Address", 255),
            text("comments", "Comments", 4_000),
            text("accountNumber", "Account", 99),
            text("vatRegNumber", "Tax Reg. Number", 30),
            fixed("defaultAddress", "Address"),
            fixed("balance", "Balance"),
        ],
        sublists: &[Sublist {
            name: "addressBook",
            label: "Address",
            line_key: "internalId",
            needed: false,
            fields: &[
                text("label", "Label", 150),
                flag("defaultBilling", "Default Billing"),
                flag("defaultShipping", "Default Shipping"),
                fixed("internalId", "Internal ID"),
            ],
        }],
    },
    RecordType {
        name: "job",
        label: "Project",
        access: Access::Full,
        fields: &[
            text("companyName", "Project Name", 83).needed(),
            text("entityId", "Project ID", 83),
            reference("parent", "Customer", &["customer"]).needed(),
            reference("subsidiary", "Subsidiary", &["subsidiary"]),
            reference("currency", "Currency", &["currency"]),
            reference("billingSchedule", "Billing Schedule", &["billingSchedule"]),
            date("startDate", "Start Date"),
            date("projectedEndDate", "Estimated End Date"),
            number("jobPrice", "Project Price"),
            number("estimatedRevenue", "Estimated Revenue"),
            number("estimatedCost", "Estimated Cost"),
            choice("jobBillingType", "Billing Type", &["CB", "FBI", "FBM", "TM"]),
            flag("allowTime", "Allow Time Entry"),
            flag("allowExpenses", "Allow Expenses"),
            text("comments", "Comments", 4_000),
        ],
        sublists: &[],
    },
    RecordType {
        name: "projectTask",
        label: "Project Task",
        access: Access::Full,
        fields: &[
            text("title", "Name", 128).needed(),
            reference("company", "Project", &["job"]).needed(),
            reference("parent", "Parent Task", &["projectTask"]),
            date("startDate", "Start Date"),
            date("endDate", "End Date"),
            number("estimatedWork", "Estimated Work"),
            text("message", "Notes", 4_000),
        ],
        sublists: &[],
    },
    RecordType {
        name: "billingSchedule",
        label: "Billing Schedule",
        access: Access::Full,
        fields: &[
            text("name", "Name", 60).needed(),
            choice("scheduleType", "Schedule Type", &["1", "2", "3", "4", "5"]).needed(),
            choice("frequency", "Recurrence Frequency", FREQUENCIES),
            reference("job", "Project", &["job"]),
            text("initialAmount", "Initial Amount", 40),
            flag("isPublic", "Public"),
            flag("applyToSubtotal", "Apply To Subtotal"),
            flag("inArrears", "In Arrears"),
        ],
        sublists: &[
            Sublist {
                name: "milestone",
                label: "Milestone",
                line_key: "milestoneId",
                needed: false,
                fields: &[
                    number("milestoneId", "Milestone"),
                    number("milestoneAmount", "Amount").needed(),
                    date("milestoneDate", "Estimated Completion Date"),
                    date("milestoneActualCompletionDate", "Actual Completion Date"),
                    flag("milestoneCompleted", "Completed"),
                    text("comments", "Comments", 999),
                    reference("projectTask", "Project Task", &["projectTask"]),
                ],
            },
            Sublist {
                name: "recurrence",
                label: "Recurrence",
                line_key: "recurrenceId",
                needed: false,
                fields: &[
                    number("recurrenceId", "Recurrence"),
                    number("amount", "Amount").needed(),
                    number("count", "Count"),
                    choice("units", "Units", FREQUENCIES),
                    date("recurrenceDate", "Date"),
                    flag("relativeToPrevious", "Relative To Previous"),
                    text("comments", "Comments", 999),
                ],
            },
        ],
    },
    RecordType {
        name: "charge",
        label: "Charge",
        access: Access::Full,
        fields: &[
            reference("billTo", "Bill To", &["job", "customer"]).needed(),
            reference("billingItem", "Billing Item", &["serviceSaleItem"]),
            reference("salesOrder", "Sales Order", &["salesOrder"]),
            reference("projectTask", "Project Task", &["projectTask"]),
            date("chargeDate", "Date").needed(),
            number("amount", "Amount"),
            number("rate", "Rate"),
            number("quantity", "Quantity"),
            choice("stage", "Stage", &["NON_BILLABLE", "READY_FOR_BILLING", "HOLD_FOR_BILLING", "PROCESSED"]),
            choice("use", "Use", &["Forecast", "Actual"]),
            text("description", "Description", 999),
            reference("currency", "Currency", &["currency"]),
        ],
        sublists: &[],
    },
    RecordType {
        name: "salesOrder",
        label: "Sales Order",
        access: Access::Full,
        fields: &[
            reference("entity", "Customer", &["customer", "job"]).needed(),
            reference("job", "Project", &["job"]),
            reference("subsidiary", "Subsidiary", &["subsidiary"]),
            reference("currency", "Currency", &["currency"]),
            reference("billingSchedule", "Billing Schedule", &["billingSchedule"]),
            date("tranDate", "Date"),
            fixed("tranId", "Order #"),
            text("otherRefNum", "PO #", 45),
            text("memo", "Memo", 999),
            fixed("total", "Total"),
        ],
        sublists: &[ITEM_LINES],
    },
    RecordType {
        name: "invoice",
        label: "Invoice",
        access: Access::Full,
        fields: &[
            reference("entity", "Customer", &["customer", "job"]).needed(),
            reference("job", "Project", &["job"]),
            reference("subsidiary", "Subsidiary", &["subsidiary"]),
            reference("currency", "Currency", &["currency"]),
            reference("createdFrom", "Created From", &["salesOrder"]),
            reference("terms", "Terms", &["term"]),
            date("tranDate", "Date"),
            date("dueDate", "Due Date"),
            fixed("tranId", "Invoice #"),
            text("otherRefNum", "PO #", 45),
            text("memo", "Memo", 999),
            fixed("total", "Total"),
            fixed("amountRemaining", "Amount Remaining"),
            fixed("status", "Status"),
        ],
        sublists: &[ITEM_LINES],
    },
    RecordType {
        name: "subsidiary",
        label: "Subsidiary",
        access: Access::Read,
        fields: NAMED,
        sublists: &[],
    },
    RecordType { name: "currency", label: "Currency", access: Access::Read, fields: NAMED, sublists: &[] },
    RecordType { name: "term", label: "Term", access: Access::Read, fields: NAMED, sublists: &[] },
    RecordType {
        name: "serviceSaleItem",
        label: "Service Item",
        access: Access::Read,
        fields: NAMED,
        sublists: &[],
    },
];

const FREQUENCIES: &[&str] = &[
    "ANNUALLY",
    "CUSTOM",
    "DAILY",
    "ENDOFPERIOD",
    "MONTHLY",
    "NEVER",
    "QUARTERLY",
    "SEMIANNUALLY",
    "WEEKLY",
];
