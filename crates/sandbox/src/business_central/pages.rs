//! The API pages that the environment publishes: their fields, lengths and keys.
//!
//! Names, types and lengths of the standard pages are those of the product's own API v2.0; a test holds them against the
//! vendor's description. Fields that point at set-up which a firm seldom integrates (item variants, shipment methods ...) are kept
//! out. The delivery pages are an extension: API v2.0 has no page for project tasks and planning lines.

/// Which API publishes a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    /// API v2.0, in every environment.
    Standard,
    /// `api/throughline/delivery/v1.0`, where the extension is installed.
    Delivery,
}

/// An API page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) api: Api,
    /// As it stands in a path, e.g. `customers`.
    pub(super) set: &'static str,
    /// As messages name the table.
    pub(super) table: &'static str,
    /// The fields that together are unique in a company, with their captions.
    pub(super) key: &'static [(&'static str, &'static str)],
    pub(super) fields: &'static [Field],
    /// Whether subscriptions may name it.
    pub(super) notifies: bool,
}

/// A field of a page.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) caption: &'static str,
    pub(super) kind: Kind,
    pub(super) access: Access,
}

/// Whether a caller may set a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text(usize),
    /// Text that is kept in capitals without blanks around it, as numbers and codes are.
    Code(usize),
    Decimal,
    Integer,
    Flag,
    Date,
    Instant,
    Guid,
    /// One of these names; the first when nothing is sent.
    Choice(&'static [&'static str]),
}

impl Page {
    /// The page of this name in an API.
    pub(super) fn named(api: Api, set: &str) -> Option<&'static Self> {
        PAGES.iter().find(|page| page.api == api && page.set == set)
    }

    /// A field.
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

const fn text(name: &'static str, caption: &'static str, length_max: usize) -> Field {
    Field { name, caption, kind: Kind::Text(length_max), access: Access::Write }
}

const fn code(name: &'static str, caption: &'static str, length_max: usize) -> Field {
    Field { name, caption, kind: Kind::Code(length_max), access: Access::Write }
}

const fn decimal(name: &'static str, caption: &'static str) -> Field {
    Field { name, caption, kind: Kind::Decimal, access: Access::Write }
}

const fn integer(name: &'static str, caption: &'static str) -> Field {
    Field { name, caption, kind: Kind::Integer, access: Access::Write }
}

const fn flag(name: &'static str, caption: &'static str) -> Field {
    Field { name, caption, kind: Kind::Flag, access: Access::Write }
}

const fn date(name: &'static str, caption: &'static str) -> Field {
    Field { name, caption, kind: Kind::Date, access: Access::Write }
}

const fn guid(name: &'static str, caption: &'static str) -> Field {
    Field { name, caption, kind: Kind::Guid, access: Access::Write }
}

const fn choice(name: &'static str, caption: &'static str, names: &'static [&'static str]) -> Field {
    Field { name, caption, kind: Kind::Choice(names), access: Access::Write }
}

impl Field {
    const fn read_only(mut self) -> Self {
        self.access = Access::Read;
        self
    }
}

const ID: Field = guid("id", "Id").read_only();
const MODIFIED: Field = Field {
    name: "lastModifiedDateTime",
    caption: "Last Modified Date",
    kind: Kind::Instant,
    access: Access::Read,
};

/// Every page, companies apart.
pub(super) const PAGES: &[Page] = &[
    Page {
        api: Api::Standard,
        set: "customers",
        table: "Customer",
        key: &[("number", "No.")],
        notifies: true,
        fields: &[
            ID,
            code("number", "No.", 20),
            text("displayName", "Display Name", 100),
            choice("type", "Type", &["Company", "Person"]),
            text("addressLine1", "Address Line 1", 100),
            text("addressLine2", "Address Line 2", 50),
            text("city", "City", 30),
            text("state", "State", 30),
            code("country", "Country/Region Code", 10),
            text("postalCode", "Post Code", 20),
            text("phoneNumber", "Phone No.", 30),
            text("email", "Email", 80),
            text("website", "Website", 255),
            code("salespersonCode", "Salesperson Code", 20),
            decimal("balanceDue", "Balance Due").read_only(),
            decimal("creditLimit", "Credit Limit"),
            flag("taxLiable", "Tax Liable"),
            guid("taxAreaId", "Tax Area Id"),
            text("taxAreaDisplayName", "Tax Area Display Name", 100).read_only(),
            text("taxRegistrationNumber", "Tax Registration No.", 50),
            guid("currencyId", "Currency Id"),
            code("currencyCode", "Currency Code", 10),
            guid("paymentTermsId", "Payment Terms Id"),
            guid("shipmentMethodId", "Shipment Method Id"),
            guid("paymentMethodId", "Payment Method Id"),
            choice("blocked", "Blocked", &[" ", "Ship", "Invoice", "All"]),
            MODIFIED,
        ],
    },
    Page {
        api: Api::Standard,
        set: "projects",
        table: "Job",
        key: &[("number", "No.")],
        notifies: false,
        fields: &[ID, code("number", "No.", 20), text("displayName", "Display Name", 100), MODIFIED],
    },
    Page {
        api: Api::Standard,
        set: "salesInvoices",
        table: "Sales Invoice Entity Aggregate",
        key: &[("number", "No.")],
        notifies: true,
        fields: &[
            ID,
            code("number", "No.", 20).read_only(),
            text("externalDocumentNumber", "External Document No.", 35),
            date("invoiceDate", "Invoice Date"),
            date("postingDate", "Posting Date"),
            date("dueDate", "Due Date"),
            text("customerPurchaseOrderReference", "Customer Purchase Order Reference", 35),
            guid("customerId", "Customer Id"),
            code("customerNumber", "Customer No.", 20),
            text("customerName", "Customer Name", 100).read_only(),
            code("currencyCode", "Currency Code", 10),
            decimal("discountAmount", "Discount Amount"),
            flag("pricesIncludeTax", "Prices Include Tax").read_only(),
            decimal("remainingAmount", "Remaining Amount").read_only(),
            decimal("totalAmountExcludingTax", "Total Amount Excluding Tax").read_only(),
            decimal("totalTaxAmount", "Total Tax Amount").read_only(),
            decimal("totalAmountIncludingTax", "Total Amount Including Tax").read_only(),
            choice("status", "Status", &["Draft", "In Review", "Open", "Paid", "Canceled", "Corrective"])
                .read_only(),
            text("phoneNumber", "Phone No.", 30),
            text("email", "Email", 80),
            MODIFIED,
        ],
    },
    Page {
        api: Api::Standard,
        set: "salesInvoiceLines",
        table: "Sales Invoice Line Aggregate",
        key: &[("documentId", "Document Id"), ("sequence", "Line No.")],
        notifies: false,
        fields: &[
            ID,
            guid("documentId", "Document Id"),
            integer("sequence", "Sequence"),
            choice(
                "lineType",
                "Line Type",
                &["Comment", "Account", "Item", "Resource", "Fixed Asset", "Charge"],
            ),
            code("lineObjectNumber", "Line Object No.", 20),
            text("description", "Description", 100),
            text("description2", "Description 2", 50),
            code("unitOfMeasureCode", "Unit Of Measure Code", 10),
            decimal("quantity", "Quantity"),
            decimal("unitPrice", "Unit Price"),
            decimal("discountAmount", "Discount Amount"),
            decimal("amountExcludingTax", "Amount Excluding Tax").read_only(),
            decimal("totalTaxAmount", "Total Tax Amount").read_only(),
            decimal("amountIncludingTax", "Amount Including Tax").read_only(),
            decimal("netAmount", "Net Amount").read_only(),
            date("shipmentDate", "Shipment Date"),
        ],
    },
    Page {
        api: Api::Delivery,
        set: "jobTasks",
        table: "Job Task",
        key: &[("jobNumber", "Job No."), ("jobTaskNumber", "Job Task No.")],
        notifies: true,
        fields: &[
            ID,
            code("jobNumber", "Job No.", 20),
            code("jobTaskNumber", "Job Task No.", 20),
            text("description", "Description", 100),
            choice(
                "jobTaskType",
                "Job Task Type",
                &["Posting", "Heading", "Total", "Begin-Total", "End-Total"],
            ),
            date("startDate", "Start Date"),
            date("endDate", "End Date"),
            MODIFIED,
        ],
    },
    Page {
        api: Api::Delivery,
        set: "jobPlanningLines",
        table: "Job Planning Line",
        key: &[("jobNumber", "Job No."), ("jobTaskNumber", "Job Task No."), ("lineNumber", "Line No.")],
        notifies: true,
        fields: &[
            ID,
            code("jobNumber", "Job No.", 20),
            code("jobTaskNumber", "Job Task No.", 20),
            integer("lineNumber", "Line No."),
            choice("lineType", "Line Type", &["Billable", "Budget", "Both Budget and Billable"]),
            choice("type", "Type", &["Text", "Resource", "Item", "G/L Account"]),
            code("number", "No.", 20),
            date("planningDate", "Planning Date"),
            text("description", "Description", 100),
            text("description2", "Description 2", 50),
            decimal("quantity", "Quantity"),
            decimal("unitPrice", "Unit Price"),
            decimal("lineAmount", "Line Amount"),
            code("currencyCode", "Currency Code", 10),
            text("throughlineId", "Throughline Id", 50),
            MODIFIED,
        ],
    },
];
