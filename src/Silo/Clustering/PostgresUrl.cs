using System.Globalization;
using Npgsql;

namespace Halo.Silo.Clustering;

/// <summary>Reads addresses such as <c>postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full</c>.</summary>
internal static class PostgresUrl
{
    private static readonly string[] s_schemes = ["postgres://", "postgresql://"];

    private static readonly Dictionary<string, SslMode> s_sslModes = new()
    {
        ["disable"] = SslMode.Disable,
        ["allow"] = SslMode.Allow,
        ["prefer"] = SslMode.Prefer,
        ["require"] = SslMode.Require,
        ["verify-ca"] = SslMode.VerifyCA,
        ["verify-full"] = SslMode.VerifyFull,
    };

    internal static bool Matches(string text) => Array.Exists(s_schemes, scheme => text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase));

    internal static NpgsqlConnectionStringBuilder Read(string text)
    {
        // A password with characters that end it early makes something else of what follows.
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address) || address.Fragment.Length > 0 || address.AbsolutePath.AsSpan().LastIndexOfAny('@', '/') > 0
            || address.Query.Contains('@', StringComparison.Ordinal))
        {
            throw new MembershipStoreException(
                "The membership store cannot be read as postgres://USER:PASSWORD@HOST:PORT/DATABASE. In user and password write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25.");
        }

        NpgsqlConnectionStringBuilder words = new() { Host = address.DnsSafeHost };
        if (address.Port > 0)
        {
            words.Port = address.Port;
        }

        string[] user = address.UserInfo.Split(':', 2);
        words.Username = user[0].Length > 0 ? Uri.UnescapeDataString(user[0]) : null;
        words.Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null;
        words.Database = address.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(address.AbsolutePath[1..]) : null;
        foreach (string pair in address.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = pair.Split('=', 2);
            Set(words, parts[0], parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
        }

        return PostgresText.WithDefaults(words);
    }

    private static void Set(NpgsqlConnectionStringBuilder words, string name, string value)
    {
        switch (name)
        {
            case "sslmode":
                words.SslMode = s_sslModes.TryGetValue(value, out SslMode mode)
                    ? mode
                    : throw new MembershipStoreException($"sslmode of the membership store must be one of {string.Join(", ", s_sslModes.Keys)}.");
                break;
            case "sslrootcert":
                words.RootCertificate = value;
                break;
            case "sslcert":
                words.SslCertificate = value;
                break;
            case "sslkey":
                words.SslKey = value;
                break;
            case "application_name":
                words.ApplicationName = value;
                break;
            case "connect_timeout":
                words.Timeout = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds is > 0 and <= 1024
                    ? seconds
                    : throw new MembershipStoreException("connect_timeout of the membership store must be 1 to 1024 seconds.");
                break;
            default:
                throw new MembershipStoreException(
                    $"{name} in the address of the membership store is not known; known are sslmode, sslrootcert, sslcert, sslkey, application_name and connect_timeout. "
                    + "Write the others in a connection string: Host=…;Database=…;….");
        }
    }
}
