namespace Halo.Silo.Clustering;

/// <summary>
/// The database in which silos of the real Orleans keep who is a member: a SQLite file for silos on one machine, a PostgreSQL database for any.
/// </summary>
public sealed class MembershipStore
{
    private readonly StoreDatabase _database;

    private MembershipStore(StoreDatabase database) => _database = database;

    /// <summary>The name that Orleans knows the driver by: <c>System.Data.SQLite</c> or <c>Npgsql</c>.</summary>
    public string Invariant => _database.Invariant;

    /// <summary>What silos connect with. It may hold a password: not for logs. Good once <see cref="InitializeAsync(CancellationToken)"/> has run.</summary>
    public string ConnectionString => _database.ConnectionString;

    /// <summary>The database in words, without passwords.</summary>
    public string Description => _database.Description;

    /// <summary>
    /// Reads what someone wrote: the path of a SQLite file or <c>Data Source=PATH</c>; <c>Host=…;Database=…</c> and further words that Npgsql knows;
    /// or <c>postgres://USER:PASSWORD@HOST:PORT/DATABASE</c>. Looks at nothing but the text.
    /// </summary>
    /// <exception cref="MembershipStoreException">It is none of these.</exception>
    public static MembershipStore Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new MembershipStore(StoreText.Read(text.Trim()));
    }

    /// <summary>
    /// Connects, and makes what Orleans needs where it is missing or older. Any number of processes may do so at once, and again at each start:
    /// what is as it should be is not written.
    /// </summary>
    /// <exception cref="MembershipStoreException">The database cannot be used: where it lies, who may write, what is in it already.</exception>
    public Task InitializeAsync(CancellationToken cancellationToken = default) => InitializeAsync(StoreScripts.Load(_database.Dialect), cancellationToken);

    /// <summary>As <see cref="InitializeAsync(CancellationToken)"/>, with other scripts.</summary>
    internal Task InitializeAsync(StoreScripts scripts, CancellationToken cancellationToken) =>
        // SQLite's driver waits for locks on the thread that calls it.
        Task.Run(() => StoreSchema.PrepareAsync(_database, scripts, cancellationToken), cancellationToken);
}
