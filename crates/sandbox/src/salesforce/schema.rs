//! The objects of the simulated org and their fields, the firm's custom fields among them.

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Id,
    Text(u32),
    LongText(u32),
    Picklist(&'static [&'static str]),
    Reference { to: &'static str, name: &'static str },
    Currency,
    Double,
    Percent,
    Date,
    DateTime,
    Boolean,
}

/// A field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// A caller may write it.
    pub(super) writable: bool,
    /// A create without it is refused.
    pub(super) required: bool,
    pub(super) external_id: bool,
}

impl Field {
    const fn of(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, writable: true, required: false, external_id: false }
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn derived(mut self) -> Self {
        self.writable = false;
        self
    }

    const fn external_id(mut self) -> Self {
        self.external_id = true;
        self
    }

    pub(super) fn is_custom(&self) -> bool {
        self.name.ends_with("__c")
    }
}

/// Children of an object, as a sub-select names them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Children {
    pub(super) name: &'static str,
    pub(super) object: &'static str,
    pub(super) field: &'static str,
}

/// An object type.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) name: &'static str,
    pub(super) plural: &'static str,
    pub(super) key_prefix: &'static str,
    fields: &'static [Field],
    pub(super) children: &'static [Children],
}

/// The fields that every object has.
const COMMON: &[Field] = &[
    Field::of("Id", Kind::Id).derived(),
    Field::of("IsDeleted", Kind::Boolean).derived(),
    Field::of("CreatedDate", Kind::DateTime).derived(),
    Field::of("CreatedById", Kind::Text(18)).derived(),
    Field::of("LastModifiedDate", Kind::DateTime).derived(),
    Field::of("LastModifiedById", Kind::Text(18)).derived(),
    Field::of("SystemModstamp", Kind::DateTime).derived(),
];

impl Object {
    pub(super) fn fields(&self) -> impl Iterator<Item = &'static Field> {
        COMMON.iter().chain(self.fields)
    }

    /// A field by its name; names are read without regard to case.
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The object a relationship leads to, and the field that holds the reference.
    pub(super) fn relationship(&self, name: &str) -> Option<(&'static Field, &'static Object)> {
        self.fields().find_map(|field| match field.kind {
            Kind::Reference { to, name: known } if known.eq_ignore_ascii_case(name) => {
                Some((field, object(to)?))
            }
            _ => None,
        })
    }

    pub(super) fn children(&self, name: &str) -> Option<&'static Children> {
        self.children.iter().find(|children| children.name.eq_ignore_ascii_case(name))
    }
}

/// An object type by its name, read without regard to case.
pub(super) fn object(name: &str) -> Option<&'static Object> {
    OBJECTS.iter().find(|object| object.name.eq_ignore_ascii_case(name))
}

/// The stages of an opportunity with their probability.
pub(super) const STAGES: &[(&str, u32)] = &[
    ("Prospecting", 10),
    ("Qualification", 10),
    ("Needs Analysis", 20),
    ("Value Proposition", 50),
    ("Id. Decision Makers", 60),
    ("Perception Analysis", 70),
    ("Proposal/Price Quote", 75),
    ("Negotiation/Review", 90),
    ("Closed Won", 100),
    ("Closed Lost", 0),
];

const STAGE_NAMES: &[&str] = &[
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Id. Decision Makers",
    "Perception Analysis",
    "Proposal/Price Quote",
    "Negotiation/Review",
    "Closed Won",
    "Closed Lost",
];

const BILLING_MODELS: &[&str] =
    &["Time and Materials", "Fixed Fee", "Retainer", "Managed Service", "Expenses"];

/// Every object type of the org.
pub(super) const OBJECTS: &[Object] = &[
    Object {
        name: "Account",
        plural: "Accounts",
        key_prefix: "001",
        children: &[Children { name: "Opportunities", object: "Opportunity", field: "AccountId" }],
        fields: &[
            Field::of("Name", Kind::Text(255)).required(),
            Field::of("Type", Kind::Text(255)),
            Field::of("AccountNumber", Kind::Text(40)),
            Field::of("Industry", Kind::Text(255)),
            Field::of("BillingStreet", Kind::LongText(255)),
            Field::of("BillingCity", Kind::Text(40)),
            Field::of("BillingState", Kind::Text(80)),
            Field::of("BillingPostalCode", Kind::Text(20)),
            Field::of("BillingCountry", Kind::Text(80)),
            Field::of("Phone", Kind::Text(40)),
            Field::of("Website", Kind::Text(255)),
            Field::of("DunsNumber", Kind::Text(9)),
            Field::of("Description", Kind::LongText(32_000)),
            Field::of("OwnerId", Kind::Text(18)),
            Field::of("Country_Code__c", Kind::Text(2)),
            Field::of("Tax_Id__c", Kind::Text(40)),
            Field::of("Tax_Id_Scheme__c", Kind::Text(40)),
            Field::of("Throughline_Customer__c", Kind::Text(16)).external_id(),
        ],
    },
    Object {
        name: "Opportunity",
        plural: "Opportunities",
        key_prefix: "006",
        children: &[Children {
            name: "OpportunityLineItems",
            object: "OpportunityLineItem",
            field: "OpportunityId",
        }],
        fields: &[
            Field::of("Name", Kind::Text(120)).required(),
            Field::of("AccountId", Kind::Reference { to: "Account", name: "Account" }),
            Field::of("StageName", Kind::Picklist(STAGE_NAMES)).required(),
            Field::of("Amount", Kind::Currency),
            Field::of("CurrencyIsoCode", Kind::Text(3)),
            Field::of("CloseDate", Kind::Date).required(),
            Field::of("Probability", Kind::Percent),
            Field::of("Type", Kind::Text(255)),
            Field::of("NextStep", Kind::Text(255)),
            Field::of("LeadSource", Kind::Text(255)),
            Field::of("Description", Kind::LongText(32_000)),
            Field::of("Pricebook2Id", Kind::Reference { to: "Pricebook2", name: "Pricebook2" }),
            Field::of("OwnerId", Kind::Text(18)),
            Field::of("IsClosed", Kind::Boolean).derived(),
            Field::of("IsWon", Kind::Boolean).derived(),
            Field::of("HasOpportunityLineItem", Kind::Boolean).derived(),
            Field::of("Region__c", Kind::Text(40)),
            Field::of("Service_Line__c", Kind::Text(80)),
            Field::of("Legal_Entity__c", Kind::Text(40)),
            Field::of("Start_Date__c", Kind::Date),
            Field::of("End_Date__c", Kind::Date),
            Field::of("Payment_Terms_Days__c", Kind::Double),
            Field::of("Purchase_Order__c", Kind::Text(80)),
            Field::of("Throughline_Contract__c", Kind::Text(16)).external_id(),
            Field::of("Contract_Number__c", Kind::Text(40)),
            Field::of("Contract_Status__c", Kind::Text(40)),
            Field::of("Contract_Version__c", Kind::Double),
        ],
    },
    Object {
        name: "OpportunityLineItem",
        plural: "Opportunity Products",
        key_prefix: "00k",
        children: &[],
        fields: &[
            Field::of("OpportunityId", Kind::Reference { to: "Opportunity", name: "Opportunity" }).required(),
            Field::of("PricebookEntryId", Kind::Reference { to: "PricebookEntry", name: "PricebookEntry" })
                .required(),
            Field::of("Product2Id", Kind::Reference { to: "Product2", name: "Product2" }).derived(),
            Field::of("Name", Kind::Text(376)).derived(),
            Field::of("SortOrder", Kind::Double),
            Field::of("Quantity", Kind::Double).required(),
            Field::of("UnitPrice", Kind::Currency),
            Field::of("TotalPrice", Kind::Currency),
            Field::of("ServiceDate", Kind::Date),
            Field::of("Description", Kind::Text(255)),
            Field::of("Billing_Model__c", Kind::Picklist(BILLING_MODELS)),
            Field::of("Role__c", Kind::Text(80)),
            Field::of("Hours__c", Kind::Double),
            Field::of("End_Date__c", Kind::Date),
            Field::of("Period__c", Kind::Text(20)),
            Field::of("Trigger__c", Kind::Text(40)),
            Field::of("Cap__c", Kind::Currency),
        ],
    },
    Object {
        name: "Product2",
        plural: "Products",
        key_prefix: "01t",
        children: &[],
        fields: &[
            Field::of("Name", Kind::Text(255)).required(),
            Field::of("ProductCode", Kind::Text(255)),
            Field::of("IsActive", Kind::Boolean),
            Field::of("Family", Kind::Text(255)),
            Field::of("Description", Kind::LongText(4_000)),
        ],
    },
    Object {
        name: "Pricebook2",
        plural: "Price Books",
        key_prefix: "01s",
        children: &[],
        fields: &[
            Field::of("Name", Kind::Text(255)).required(),
            Field::of("IsActive", Kind::Boolean),
            Field::of("IsStandard", Kind::Boolean).derived(),
        ],
    },
    Object {
        name: "PricebookEntry",
        plural: "Price Book Entries",
        key_prefix: "01u",
        children: &[],
        fields: &[
            Field::of("Name", Kind::Text(255)).derived(),
            Field::of("Pricebook2Id", Kind::Reference { to: "Pricebook2", name: "Pricebook2" }).required(),
            Field::of("Product2Id", Kind::Reference { to: "Product2", name: "Product2" }).required(),
            Field::of("UnitPrice", Kind::Currency).required(),
            Field::of("IsActive", Kind::Boolean),
        ],
    },
];
