namespace Halo.Inference.Tokenization;

// Ids of tokenizer.ggml.token_type.
internal enum TokenKind
{
    Undefined = 0,
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}
