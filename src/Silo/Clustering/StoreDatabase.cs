using System.Data.Common;

namespace Halo.Silo.Clustering;

/// <summary>Whose SQL a database speaks; also the folder of its scripts.</summary>
internal enum StoreDialect
{
    /// <summary>SQLite.</summary>
    Sqlite,

    /// <summary>PostgreSQL.</summary>
    Postgres,
}

/// <summary>One kind of database: how to reach it, how to be alone in it, and what its faults mean.</summary>
internal abstract class StoreDatabase
{
    internal abstract StoreDialect Dialect { get; }

    /// <summary>What Orleans calls the driver.</summary>
    internal abstract string Invariant { get; }

    /// <summary>What silos connect with.</summary>
    internal abstract string ConnectionString { get; }

    /// <summary>The database in words, without passwords.</summary>
    internal abstract string Description { get; }

    /// <summary>A query that counts, 0 or 1, the tables named <c>@Name</c> that a statement without a schema would see.</summary>
    internal abstract string TableCountQuery { get; }

    /// <summary>Connects, after looking at what can be known before.</summary>
    /// <exception cref="MembershipStoreException">It cannot be reached or must not be used.</exception>
    internal abstract Task<DbConnection> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Begins a transaction that only one process has at a time; the others wait here.</summary>
    internal abstract Task<DbTransaction> BeginAloneAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>What a driver's fault means and what to do about it.</summary>
    internal abstract MembershipStoreException Explain(DbException fault);
}
