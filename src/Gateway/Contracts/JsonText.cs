using System.Text.Json;

namespace Halo.Gateway.Contracts;

/// <summary>Reads strings where a converter is at work.</summary>
internal static class JsonText
{
    /// <summary>The string under the reader.</summary>
    /// <exception cref="JsonException">An escape in it is half of a surrogate pair: such a text has no UTF-8 form.</exception>
    public static string Read(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException fault)
        {
            throw new JsonException(null, fault);
        }
    }
}
