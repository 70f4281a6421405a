using System.Buffers;
using System.Data.Common;

namespace Halo.Silo.Clustering;

/// <summary>Tells from a text which database is meant. Messages repeat no values of connection strings and addresses: one may be a password.</summary>
internal static class StoreText
{
    /// <summary>Completes the sentence "write …".</summary>
    internal const string Forms =
        "the path of a SQLite file, such as /var/lib/halo/members.db, or a PostgreSQL database, such as Host=10.0.0.1;Database=halo;Username=halo;Password=… "
        + "or postgres://halo:PASSWORD@10.0.0.1/halo";

    private const string FileUrl = "file:";

    private static readonly string[] s_sqliteKeys = ["data source", "datasource", "filename"];
    private static readonly string[] s_postgresKeys = ["host", "server"];

    private static readonly SearchValues<char> s_schemeLetters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");

    internal static StoreDatabase Read(string text)
    {
        if (text.Length == 0)
        {
            throw new MembershipStoreException($"The membership store is empty; write {Forms}.");
        }

        if (PostgresUrl.Matches(text))
        {
            return new PostgresDatabase(PostgresUrl.Read(text));
        }

        if (text.StartsWith(FileUrl, StringComparison.OrdinalIgnoreCase))
        {
            throw new MembershipStoreException($"The membership store begins with {FileUrl}; write the path of the SQLite file alone.");
        }

        if (text.IndexOf("://", StringComparison.Ordinal) is > 0 and int end && text.AsSpan(0, end).IndexOfAnyExcept(s_schemeLetters) < 0)
        {
            throw new MembershipStoreException($"The membership store begins with {text[..end]}://, which is not known; write {Forms}.");
        }

        return Words(text) is { } words ? FromWords(text, words) : new SqliteDatabase(FilePath(text));
    }

    /// <summary>The words and values of a connection string; null for a path, which may have a '=' behind its first '/'.</summary>
    private static DbConnectionStringBuilder? Words(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0 || text.AsSpan(0, equals).IndexOfAny('/', '\\') >= 0)
        {
            return null;
        }

        try
        {
            return new DbConnectionStringBuilder { ConnectionString = text };
        }
        catch (ArgumentException)
        {
            throw new MembershipStoreException(
                $"The membership store has '=' in it but is no connection string: it must be WORD=VALUE;WORD=VALUE, a value with ';' in double quotes. Or write {Forms}.");
        }
    }

    private static StoreDatabase FromWords(string text, DbConnectionStringBuilder words)
    {
        string[] keys = [.. words.Keys.Cast<string>()];
        if (Array.Find(keys, s_sqliteKeys.Contains) is { } file)
        {
            return keys.Length == 1
                ? new SqliteDatabase(FilePath((string)words[file]))
                : throw new MembershipStoreException(
                    $"The membership store is a SQLite file with further words: {string.Join(", ", keys.Where(key => key != file))}. Leave them out; only Data Source=PATH is needed.");
        }

        return Array.Exists(keys, s_postgresKeys.Contains)
            ? new PostgresDatabase(PostgresText.Read(text))
            : throw new MembershipStoreException($"The membership store names neither Data Source nor Host; write {Forms}.");
    }

    private static string FilePath(string text)
    {
        if (text.Contains(":memory:", StringComparison.OrdinalIgnoreCase))
        {
            throw new MembershipStoreException("The membership store is SQLite in memory, which other processes cannot see; write the path of a file.");
        }

        return text.Contains('\0', StringComparison.Ordinal)
            ? throw new MembershipStoreException($"The membership store is a path with a zero character; write {Forms}.")
            : Path.GetFullPath(text);
    }
}
